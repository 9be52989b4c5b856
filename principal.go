package roster

// Principal is who is asking: a token, the API client who signed a request, or the operator.
// The zero Principal may do nothing.
type Principal struct {
	// Org is the one organization that the principal can reach; none for the operator, who can reach them all. That of
	// an instance-wide token is the one that it is used on, or the instance itself.
	Org ID
	// Token is the token that was presented; none for the operator and for an API client that signed its request.
	Token ID
	// Name is the token's or the API client's name, for logs and the audit.
	Name string
	// Kind is what the principal stands for; the operator and API clients stand for the whole account.
	Kind TokenKind
	// Permissions are what the principal may do. They are shared with the token and must not be modified.
	Permissions Permissions
	// ActsAs is the user on whose behalf the principal acts, or none. An API client acts as itself.
	ActsAs ID
	// Instance is the token that was presented where that is an instance-wide one, which is no record of Org unless
	// that is the instance itself; nil for all others. It is shared and must not be modified.
	Instance *Token
	// ReadOnly is true for a principal that may write nothing, whatever its permissions.
	ReadOnly bool
	// Cause is the request that the principal makes.
	Cause Cause
}

// Operator returns the principal of whoever runs the instance: every permission, in every organization.
func Operator() Principal {
	return Principal{Name: "operator", Kind: TokenAccount, Permissions: Permissions{Everything}}
}

// Author returns the id that records name as who made and changed them: the user that the principal acts as, else the
// token, else none (the operator).
func (p Principal) Author() ID {
	if p.ActsAs.IsZero() {
		return p.Token
	}
	return p.ActsAs
}

// Actor returns the token, else the user that the principal acts as, else none (the operator).
func (p Principal) Actor() ID {
	if p.Token.IsZero() {
		return p.ActsAs
	}
	return p.Token
}
