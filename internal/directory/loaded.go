package directory

// Loaded returns how many organizations are in memory, and about how many bytes their views take up, as
// [index.View.Bytes] estimates it. It loads none.
func (s *Service) Loaded() (organizations int, bytes int64) {
	s.mu.RLock()
	all := make([]*organization, 0, len(s.orgs))
	for _, org := range s.orgs {
		all = append(all, org)
	}
	s.mu.RUnlock() // the estimates take a while
	for _, org := range all {
		if view := org.view.Load(); view != nil {
			organizations++
			bytes += view.Bytes()
		}
	}
	return organizations, bytes
}

// Forms returns how many bytes users take up in the forms in which they were asked for, how many of them were found
// there when somebody asked, and how many were encoded.
func (s *Service) Forms() (bytes int64, hits, misses uint64) {
	stats := s.forms.Stats()
	return stats.Bytes, stats.Hits, stats.Misses
}
