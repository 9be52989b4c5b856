package rostertest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/rostertest"
)

// exampleT takes the place of the *testing.T that an example has not got.
type exampleT struct{ cleanups []func() }

func (t *exampleT) Helper()                           {}
func (t *exampleT) Cleanup(end func())                { t.cleanups = append(t.cleanups, end) }
func (t *exampleT) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }
func (t *exampleT) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

func (t *exampleT) end() {
	for i := range t.cleanups {
		t.cleanups[len(t.cleanups)-1-i]()
	}
}

// members is the client under test, which asks a URL for users.
func members(url, token string) ([]string, error) {
	r, err := http.NewRequest(http.MethodGet, url, http.NoBody) //nolint:noctx // as short as it gets
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the users are answered %s", answer.Status)
	}
	var users []struct{ Name string }
	err = json.NewDecoder(answer.Body).Decode(&users)
	var names []string
	for _, u := range users {
		names = append(names, u.Name)
	}
	return names, err
}

func Example() {
	t := &exampleT{} // in a test, what it is given
	defer t.end()

	api := rostertest.Start(t, rostertest.D3lay, rostertest.Given(
		&roster.User{Name: "Ann Lee", Email: "ann@example.com"},
		&roster.User{Name: "Bo Ek", Email: "bo@example.com", Status: roster.Suspended},
	))
	names, err := members(api.URL+"/users", api.Token())
	fmt.Println(strings.Join(names, ", "), err)
	// Output: Ann Lee, Bo Ek <nil>
}

// The second request is refused, as it would be by a vendor who is busy.
func ExampleServer_SetFaults() {
	t := &exampleT{}
	defer t.end()
	api := rostertest.Start(t, rostertest.D3lay)

	api.SetFaults(t, rostertest.Fault{Kind: rostertest.Status, Status: 429, Requests: []int{2}})
	for range 3 {
		names, err := members(api.URL+"/users", api.Token())
		fmt.Println(len(names), err)
	}
	fmt.Println("refused:", api.Happened("status"))
	// Output:
	// 30 <nil>
	// 0 the users are answered 429 Too Many Requests
	// 30 <nil>
	// refused: 1
}

// A parameter that the vendor ignores has no effect, and no error tells of it.
func ExampleServer_Findings() {
	t := &exampleT{}
	defer t.end()
	api := rostertest.Start(t, rostertest.D3lay, rostertest.Users(5))

	if _, err := members(api.URL+"/users?colour=red", api.Token()); err != nil {
		fmt.Println(err)
	}
	for _, f := range api.Findings() {
		if f.Severity != rostertest.Info {
			fmt.Println(f.Rule, f.Where, f.Requests)
		}
	}
	// Output: parameter-unknown colour [1]
}

// Every kind of credential that does not count is refused, as the vendor refuses it.
func ExampleServer_Credentials() {
	t := &exampleT{}
	defer t.end()
	api := rostertest.Start(t, rostertest.D3lay)

	for _, c := range api.Credentials() {
		_, err := members(api.URL+"/users", c.Secret)
		fmt.Printf("%s: %d, %v\n", c.Name, c.Status, err)
	}
	// Output:
	// account token: 200, <nil>
	// token without permission: 403, the users are answered 403 Forbidden
	// expired token: 401, the users are answered 401 Unauthorized
	// revoked token: 401, the users are answered 401 Unauthorized
}

// What happens in one case of a test is put back before the next one.
func ExampleServer_Isolate() {
	t := &exampleT{}
	defer t.end()
	api := rostertest.Start(t, rostertest.D3lay, rostertest.Given(&roster.User{Name: "Ann Lee", Email: "ann@example.com"}))

	for _, name := range []string{"Bo", "Cleo"} {
		test := &exampleT{} // t.Run(name, func(t *testing.T) {
		api.Isolate(test)
		api.Add(test, &roster.User{Name: name, Email: name + "@example.com"})
		names, err := members(api.URL+"/users", api.Token())
		fmt.Println(names, err)
		test.end()
	}
	// Output:
	// [Ann Lee Bo] <nil>
	// [Ann Lee Cleo] <nil>
}
