package bench

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
	"time"

	"github.com/roster-dev/roster/internal/demo"
)

// pageSize is how many users a page has in every measure.
const pageSize = 100

// Paths of what the measures ask for.
const (
	listPath   = "/d3lay/users?page_size=100"
	countPath  = "/kaiten/api/latest/company/users?for_members_section=true&only_records_count=true"
	createPath = "/api/v1/users"
)

// get appends a GET request with a bearer token to b.
func get(b []byte, target, secret string, header ...string) []byte {
	b = append(append(append(b, "GET "...), target...), " HTTP/1.1\r\nHost: 127.0.0.1\r\n"...)
	if secret != "" {
		b = append(append(append(b, "Authorization: Bearer "...), secret...), "\r\n"...)
	}
	for _, line := range header {
		b = append(append(b, line...), "\r\n"...)
	}
	return append(b, "\r\n"...)
}

// post appends a POST request with a JSON body to b.
func post(b []byte, target, secret string, body []byte) []byte {
	b = append(append(append(b, "POST "...), target...), " HTTP/1.1\r\nHost: 127.0.0.1\r\n"...)
	if secret != "" {
		b = append(append(append(b, "Authorization: Bearer "...), secret...), "\r\n"...)
	}
	b = append(b, "Content-Type: application/json\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(body)), 10)
	return append(append(b, "\r\n\r\n"...), body...)
}

// the returns a request that is always the same.
func the(request []byte) func([]byte, uint64) []byte {
	return func(b []byte, _ uint64) []byte { return append(b, request...) }
}

// shuffled maps 0, 1, 2, ... to the numbers below n in an order of chance, each once before any comes again.
func shuffled(seed, n uint64) func(uint64) uint64 {
	order := rand.New(rand.NewPCG(seed, n)).Perm(int(n)) //nolint:gosec // n is small, and chance that repeats is wanted
	return func(i uint64) uint64 { return uint64(order[i%n]) }
}

// sorts are the orders that pages are asked in; none is that of the users' numbers.
func sorts() []string {
	var list []string
	for _, by := range []string{
		"identifier", "name", "email", "updated_at", "user_type", "status", "id", "updated_by",
	} {
		for _, order := range []string{"asc", "desc"} {
			list = append(list, "&sort_by="+by+"&sort_order="+order)
		}
	}
	return list
}

// pages asks for every page in every order before it asks for any again. filter is "" or a parameter that starts
// with "&", of which total users are left.
func pages(secret, filter string, total int, seed uint64) func([]byte, uint64) []byte {
	orders := sorts()
	last := uint64(max(1, total/pageSize))
	pick := shuffled(seed, last*uint64(len(orders)))
	return func(b []byte, n uint64) []byte {
		x := pick(n)
		target := listPath + filter + orders[x/last] + "&page=" + strconv.FormatUint(x%last+1, 10)
		return get(b, target, secret)
	}
}

// deepFilters asks for deep pages of those whom three filters leave, by e-mail, name or identifier. The third filter
// is a time that is another one in every request. least is how many users it leaves at the latest time, so every page
// that is asked for exists.
func deepFilters(secret string, least int, seed uint64) func([]byte, uint64) []byte {
	orders := []string{"email", "name", "identifier"}
	pick := shuffled(seed, filterSpan)
	last := uint64(max(1, least/pageSize))
	return func(b []byte, n uint64) []byte {
		x := pick(n)
		page := last/2 + (x*2654435761)%(last-last/2) + 1
		target := threeFilters(x) + "&sort_by=" + orders[x%3] + "&page=" + strconv.FormatUint(page, 10)
		return get(b, target, secret)
	}
}

// filterSpan is how many times the third filter takes, minutes apart: about three years and a half from the day on
// which the demo organization was founded.
const filterSpan = 1_800_000

// threeFilters lists the active users of one type that were created from the nth time on.
func threeFilters(n uint64) string {
	founded := time.Date(2019, 3, 4, 9, 0, 0, 0, time.UTC)
	from := founded.Add(time.Duration(n%filterSpan) * time.Minute)
	return listPath + "&status=active&user_type=saas_user&created_at_from=" + from.Format(time.RFC3339)
}

// searches looks for people by name, as somebody types who knows whom to look for.
func searches(secret string, texts []string) func([]byte, uint64) []byte {
	return func(b []byte, n uint64) []byte {
		return get(b, listPath+"&search="+url.QueryEscape(texts[n%uint64(len(texts))]), secret)
	}
}

// needles returns names of users, each the given name and the first letters of the family name, in an order of chance.
func needles(seed uint64, users int) []string {
	const most = 20_000
	seen := map[string]bool{}
	var texts []string
	for u := range demo.New(seed, min(users, most)).Users() {
		text := u.FirstName
		if family := []rune(u.LastName); len(family) > 0 {
			text += " " + string(family[:min(4, len(family))])
		}
		if text == "" || seen[text] {
			continue
		}
		seen[text] = true
		texts = append(texts, text)
	}
	rand.New(rand.NewPCG(seed, 1)).Shuffle(len(texts), func(i, j int) { //nolint:gosec // chance that repeats is wanted
		texts[i], texts[j] = texts[j], texts[i]
	})
	return texts
}

// counts asks how many users four filters leave.
func counts(secret string, seed uint64) func([]byte, uint64) []byte {
	licences := []string{"any", "yes", "no"}
	presences := []string{"all_users", "only_temporarily_inactive_users", "only_active_users"}
	accesses := []string{"member", "guest", "denied"}
	const masks = 4095
	pick := shuffled(seed, masks*27)
	return func(b []byte, n uint64) []byte {
		x := pick(n)
		target := countPath + "&take_licence=" + licences[x%3] + "&temporarily_inactive_status=" + presences[x/3%3] +
			"&access_type_permissions=" + accesses[x/9%3] + "&permissions=" + strconv.FormatUint(x/27+1, 10)
		return get(b, target, secret)
	}
}

// creates makes users whom nobody else makes.
func creates(secret, prefix string) func([]byte, uint64) []byte {
	return func(b []byte, n uint64) []byte {
		body := fmt.Sprintf(`{"email":"%s%d@example.com","first_name":"Ada","last_name":"Moreno","role":"support"}`,
			prefix, n)
		return post(b, createPath, secret, []byte(body))
	}
}
