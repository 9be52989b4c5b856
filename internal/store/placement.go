package store

// Placement is where a table is to be on a cluster that spreads tables over nodes.
type Placement struct {
	Table string
	// Column is what rows are spread by; "" for a table that stays as it is.
	Column string
	// With is the table whose rows those with the same value are beside, or none.
	With string
	Why  string
}

// Statement returns what puts the table there with Citus, "" for one that stays as it is.
func (p Placement) Statement() string {
	if p.Column == "" {
		return ""
	}
	return "SELECT create_distributed_table('" + p.Table + "', '" + p.Column + "', colocate_with => '" + p.With + "')"
}
