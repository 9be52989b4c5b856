package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/roster-dev/roster"
)

// escape is a letter as JSON may have it, be it in a string or in one of a document in a string.
var escape = regexp.MustCompile(`\\+u[0-9a-fA-F]{4}`)

// IsTold reports whether a text, such as a line of what is imported, tells of the person: by the id, an e-mail, an
// identifier or a full name.
func (p *Person) IsTold(text string) bool {
	if strings.Contains(text, p.ID.String()) {
		return true
	}
	if strings.Contains(text, `\u`) {
		text = escape.ReplaceAllStringFunc(text, func(s string) string {
			letter, _ := strconv.ParseUint(s[len(s)-4:], 16, 16) // it is one
			return string(rune(letter))
		})
	}
	words := inWords(text)
	return anyOf(p.marks, func(mark string) bool { return strings.Contains(words, mark) })
}

// EraseRejects returns JSON Lines of [roster.Reject] without what those say that tell of the person, and whether there
// are any. Of each it leaves where in the input it was, and the code.
func (p *Person) EraseRejects(lines []byte) (left []byte, erased bool, err error) {
	for line := range bytes.Lines(lines) {
		var r roster.Reject
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, false, fmt.Errorf("look for a person in rejects: %w", err)
		}
		about := p.IsTold(r.Message) || p.IsTold(r.Text)
		for _, d := range r.Details {
			about = about || p.IsTold(d.Message+" "+d.DidYouMean)
		}
		if about {
			r = roster.Reject{Line: r.Line, ID: r.ID, Code: r.Code, Message: roster.ErasedText}
			if line, err = json.Marshal(r); err != nil {
				return nil, false, fmt.Errorf("erase a reject: %w", err)
			}
			line, erased = append(line, '\n'), true
		}
		left = append(left, line...)
	}
	return left, erased, nil
}

// EraseJob erases from a job that has ended what tells of the person, and reports whether it has.
func (p *Person) EraseJob(j *roster.Job) (erased bool) {
	texts := []*string{&j.By.Reason, &j.By.Name}
	if j.Error != nil {
		failed := *j.Error
		j.Error = &failed
		texts = append(texts, &failed.Message)
	}
	if j.Update != nil {
		spec := *j.Update
		j.Update = &spec
		texts = append(texts, &spec.Filter, &spec.Search)
		if p.IsTold(string(spec.Patch)) {
			spec.Patch, erased = nil, true
		}
	}
	mine := j.By.User == p.ID
	for i, text := range texts {
		if p.IsTold(*text) || *text != "" && mine && i < 2 {
			erased = erased || *text != roster.ErasedText
			*text = roster.ErasedText
		}
	}
	return erased
}

// HasEnded reports whether a job is one of which something can be erased without harm to what it does.
func HasEnded(j *roster.Job) bool { return !j.IsActive() && j.State != roster.JobReceiving }
