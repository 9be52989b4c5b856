package directory

// Loaded returns how many organizations are in memory, how many users they have, and about how many bytes their views
// take up by part, as [index.View.Usage] estimates and names them; "old versions" are those that are kept besides the
// present ones. It loads none.
func (s *Service) Loaded() (organizations, users int, bytes map[string]int64) {
	s.mu.RLock()
	all := make([]*organization, 0, len(s.orgs))
	for _, org := range s.orgs {
		all = append(all, org)
	}
	s.mu.RUnlock() // the estimates take a while
	bytes = map[string]int64{}
	for _, org := range all {
		view := org.view.Load()
		if view == nil {
			continue
		}
		organizations++
		users += view.Len()
		own := int64(0)
		for _, part := range view.Usage() {
			bytes[part.Name] += part.Bytes
			own += part.Bytes
		}
		bytes["old versions"] += org.pins.held(own, org.ops.Load())
	}
	return organizations, users, bytes
}

// ResizeForms changes what bounds the memory of [Service.Forms], Options.FormBytes; without any, it does nothing.
func (s *Service) ResizeForms(most int64) {
	if s.forms != nil {
		s.forms.Resize(most)
	}
}

// Forms returns how many bytes users take up in the forms in which they were asked for, how many of them were found
// there when somebody asked, and how many were encoded.
func (s *Service) Forms() (bytes int64, hits, misses uint64) {
	stats := s.forms.Stats()
	return stats.Bytes, stats.Hits, stats.Misses
}
