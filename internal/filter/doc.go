// Package filter is the filter language of Roster's own API: AIP-160 (https://google.aip.dev/160) over the table of
// fields of users, or that of another type of records ([Of]), compiled to a [roster.Expr], and the order of AIP-132
// (https://google.aip.dev/132#ordering). It is pure and knows nothing of HTTP, of principals or of how records are
// kept: who may see a field is said by the caller, and a field that may not be seen is unknown here exactly as one that
// does not exist.
//
// # Grammar
//
// In EBNF, where WS is any white space:
//
//	filter      = [ WS ] [ expression [ WS ] ] ;
//	expression  = factor { WS [ "AND" WS ] factor } ;
//	factor      = term { WS "OR" WS term } ;
//	term        = [ "NOT" WS | "-" ] simple ;
//	simple      = restriction | "(" [ WS ] expression [ WS ] ")" ;
//	restriction = text | field [ WS ] comparator [ WS ] argument ;
//	comparator  = "=" | "!=" | "<" | "<=" | ">" | ">=" | ":" ;
//	argument    = value | "(" [ WS ] values [ WS ] ")" ;
//	values      = (* an expression that has values in the place of restrictions *) ;
//	value       = text | "null" | "*" | "ago(" duration ")" ;
//	text        = word | string ;
//	word        = (* characters without white space and without ( ) , " = < > != and, left of a comparator, : ;
//	                 neither ' nor, left of a comparator, - is the first one *) ;
//	string      = '"' { character | escape } '"' | "'" { character | escape } "'" ;
//	escape      = "\" ( "\" | '"' | "'" | "*" ) ;
//	duration    = digits [ "." digits ] ( "s" | "m" | "h" | "d" | "w" ) ;
//	order       = [ key { "," key } ] ;
//	key         = field [ WS ( "asc" | "desc" ) ] ;
//
// OR binds tighter than AND: "a AND b OR c" is "a AND (b OR c)". Parentheses make that plain. Terms side by side are
// joined by AND. AND, OR and NOT are written in capitals; the bare words and, or and not are refused, because they
// are meant as operators more often than not. No white space is needed between an operator and a parenthesis after it.
// The empty filter lets every user through.
//
// # Tests
//
// A text alone, such as ada or "Ada Moreno", finds the users who have it anywhere in identifier, email, name or
// description, whatever the case and the accents. The text * alone finds everybody.
//
// A field alone is a text like any other: owner finds users called owner, and "owner = true" finds owners. What a
// comparator means depends on the type of the field; [Table] lists which field has which.
//
//   - Texts are compared as roster.Fold has them: case does not count, accents do. At the end of a value * stands for
//     any rest: name = "ada*". At both ends it asks for a part, and so does the comparator ":"; both go with the
//     fields that can be searched, and there accents do not count: name = "*ada*", name:ada. The end of a text can't
//     be asked for. The empty text is none, as null is.
//   - UUIDs are compared by their bytes. A part of id can be asked for as a part of a text can.
//   - Numbers are decimal integers. Masks are compared as numbers; permissions:4 asks for one bit by its value, and
//     permissions:(1 OR 4) for any of two.
//   - Enumerations and flags know "=", "!=" and ":". Their values are written as in JSON, case and all.
//   - Times are RFC 3339 date-times, cut to the millisecond, or dates, which stand for the whole day in UTC:
//     created_at <= 2026-03-01 includes that day, and created_at > 2026-03-01 begins with the next.
//     ago(30d) is the instant that long before the request; a day has 24 hours.
//   - Sets of numbers and of texts know ":", which asks for a member: groups:7.
//
// With any field, email:* and email != null find the users who have a value, email = null those who don't. As
// AIP-160 has it, zero, false and the empty set count as no value there; other comparisons see zero and false.
//
// A user without a text, UUID, time or set fails "=", "<", "<=", ">", ">=" and ":", and passes "!=" and every negation:
// phone != "1" includes users without a phone.
//
// "field = (a OR b)" is "field = a OR field = b", and likewise for the other comparators and with AND and NOT, but
// "field != (a OR b)" is "NOT field = (a OR b)".
//
// # What AIP-160 has and this has not
//
// Members of members (a.b), an asterisk at the beginning alone, and functions other than ago. The name of a field is
// never in quotes.
//
// # Limits
//
// A filter has at most [MaxBytes] bytes, [MaxTerms] values and texts, and [MaxDepth] parentheses inside each other. Its
// tests count at most [MaxTests] together, so that no filter takes much longer than others: one for a part of a text
// counts 4; one of a field that users can be neither ordered nor counted by (phone, initials, language, ...) counts 10,
// for it has to look at every user, unless it asks for a bit; any other counts 1. All values that an OR asks one field
// for by "=" are one test, and so are all members and all bits; a text alone is one for each of its fields, and one
// that has * at the end, or a day, is two.
package filter
