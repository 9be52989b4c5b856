package roster

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// RepeatedMember returns the path of the first member of a JSON value that its object has twice, as in
// spaces[0].role, and "" where there is none. encoding/json takes the last of them and tells nobody. Of what is not
// valid JSON it returns "".
func RepeatedMember(doc []byte) string {
	if !json.Valid(doc) {
		return ""
	}
	return repeatedMember(json.NewDecoder(bytes.NewReader(doc)), "")
}

// repeatedMember looks through the next value, which must be valid JSON.
func repeatedMember(d *json.Decoder, path string) string {
	token, _ := d.Token()
	open, nested := token.(json.Delim)
	if !nested {
		return ""
	}
	seen := map[string]bool{}
	for i := 0; d.More(); i++ {
		at := path + "[" + strconv.Itoa(i) + "]"
		if open == '{' {
			token, _ = d.Token()
			name, _ := token.(string)
			at = join(path, name)
			if seen[name] {
				return at
			}
			seen[name] = true
		}
		if found := repeatedMember(d, at); found != "" {
			return found
		}
	}
	_, _ = d.Token()
	return ""
}
