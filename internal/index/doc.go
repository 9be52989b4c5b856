// Package index is the read model: an immutable view of one organization that answers every query over its users from
// memory, with the exact total, as roster.Query.Scan would. It must not know how records are stored, who may see
// them, or how they are shown.
//
// A [View] has three parts, which a view and the one after the next change share but for what changed:
//
//   - Pages: slot -> record. 1,024 records a page, without pointers, in arenas that only grow.
//   - Orders: the slots by each sortable field, in chunks of about 1,024. A chunk, and a page, has a bitset for
//     each value of each field that has few of them (status, user_type, kind, flags, role, apps_access, the bits
//     of own_permissions), by position. The order of numbers is there from the start; any other one is made by
//     the first query that needs it, and all are by the first change or by [View.Warm].
//   - Texts: trigrams and words of id, identifier, e-mail, name and description, and a short list of the slots
//     whose texts changed since they were indexed. Made by the first search or by [View.Warm].
//
// Queries derive from orders what makes filters fast, when they first need it, and versions share it as far as their
// chunks are the same: the bits of a class over a whole order in one array (n/8 bytes, of up to 24 classes an order),
// the buckets of a field (2.5 n bytes) and by them the digits of each chunk that is passed (6 n bytes for each of up to
// eight pairs of a field and an order that is walked). The first query that needs them is slower: at a million users
// and a busy machine, buckets take 60 ms and the digits of a chunk 45 us. After a change, arrays are copied and who
// has changed is looked up in the order that is walked: a range in another order then takes 0.5 ms rather than 0.1.
//
// What users look like in the forms in which they were asked for is kept beside the views that come from each other,
// see [Forms] and [roster.Page.Written].
//
// What a query costs, with n users, h hits, chunks of c = 1,024 and the page as small as pages are:
//
//   - No filter or one value of a field with few, any one sort key: n/c counts, which are known after the first time.
//   - Fields with few values, in any combination, under any one sort key: a few words of bits for each 64 users.
//     Bits of permissions are those of own_permissions and the members of the groups that have them.
//   - Comparisons and Has on a sortable field: where the sort key is that field, two binary searches. With other keys,
//     the total is counted in the order of that field, if all such conditions are on one, and up to half of the
//     order that is walked is counted by buckets: a bucket has about 16 users, and a chunk knows its users by bucket,
//     as bits for each sixteenth of the buckets and sorted within. Up to 512 users: as few candidates. Conditions
//     beside sets of many candidates, in more than eight pairs of orders, or asked of a version older than the
//     one that was asked last: up to n/2 slots are marked and the order is walked, a step for each user passed.
//   - Few candidates (ids, e-mails, identifiers, groups and spaces with up to 4,096 members, texts that few have):
//     each is looked at and they are sorted. More: they are marked, and the order is walked.
//   - Enumerations as the first sort keys, with or without ranks: as without them, once for each rank.
//   - More sort keys: runs of equal first keys in the window are sorted; a run longer than the window is a query
//     of its own.
//   - Contains and Search: those trigrams of the needle that a sample shows to leave out most, then a look at each
//     candidate. Parts of texts that more than an eighth of the users may have are looked for in all texts instead, all
//     those of a filter in one pass: at a million users, 25 parts that everybody has, as many as a filter has, take
//     0.3 s of processor time, and one of them 0.09 s. Typing errors: a look at the letters of each distinct word, then
//     the same. Ranking scores every hit, many of them on all processors, and orders those that the window shows. The
//     worst search looks for a letter that everybody has: at a million users it takes 0.3 s of processor time.
//   - Facets: what finding the users costs, a few words of bits for each value and 64 users, and for groups and
//     spaces a step for each membership.
//   - Other fields (phone, initials, language, cardinalities of masks, ...): every user is looked at, in the
//     fields needed, once for all such conditions of a filter. At a million users ten of them, as many as a filter may
//     have, take 0.21 s of processor time, and one of them 0.06 s, for however many values it asks.
//   - A lookup: a binary search. A change of one user: for each order in which the user moves a chunk, else
//     nothing; where a value with a bitset changed, a chunk of every order. A change of many: each chunk once.
package index
