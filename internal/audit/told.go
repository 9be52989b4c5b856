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

// IsTold reports whether a text, such as the filter of a job, tells of the person: by the id, an e-mail, an identifier
// or a full name.
func (p *Person) IsTold(text string) bool {
	return p.tells(text, func(string, string) bool { return true })
}

// IsInInput is IsTold for a part of what is imported, which is dropped as a whole where it tells of the person. There
// an identifier or a name of a single word counts only as a whole value: those of one called Max are in many lines that
// are about others.
func (p *Person) IsInInput(text string) bool { return p.tells(text, isValue) }

// tells reports whether a text has the id, or a mark of the person, of which one of a single word must be meant.
func (p *Person) tells(text string, meant func(text, word string) bool) bool {
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
	return anyOf(p.marks, func(mark string) bool {
		const oneWord = 2 // spaces
		return strings.Contains(words, mark) && (strings.Count(mark, " ") > oneWord || meant(text, mark))
	})
}

// isValue reports whether a word, with a space on each side, is a whole value of a text in JSON or CSV.
func isValue(text, word string) bool {
	between := func(r rune) bool { return strings.ContainsRune("\"'\\,;|:[]{}\t\r\n", r) }
	for value := range strings.FieldsFuncSeq(text, between) {
		if inWords(value) == word {
			return true
		}
	}
	return false
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

// EraseJob erases from a job what tells of the person, and reports whether it is to be stored anew, as its next
// revision, so that nobody stores what was read before. inInput says that its input tells of the person, which must be
// dropped then. A job that has not ended can't go on without what it is to do: it has failed at now. One whose input is
// on the way is none any more.
func (p *Person) EraseJob(j *roster.Job, inInput bool, now roster.Time) (changed bool) {
	mine, cut := j.By.User == p.ID, p.eraseSpec(j)
	changed = p.eraseText(&j.By.Reason, mine) || cut
	changed = p.eraseText(&j.By.Name, mine) || changed
	if j.Error != nil {
		failed := *j.Error
		j.Error = &failed
		changed = p.eraseText(&failed.Message, false) || changed
	}
	switch {
	case j.State == roster.JobReceiving && (changed || inInput):
		j.State, j.EndedAt, changed = roster.JobDeleted, 1, true // which is removed soon
	case j.IsActive() && (cut || inInput):
		j.State, j.EndedAt, changed = roster.JobFailed, now, true
		j.Error = &roster.JobError{
			Code: roster.Gone, Message: "somebody was erased of whom it tells; what it had done before stays",
		}
	}
	if changed {
		j.Revision++
	}
	return changed
}

// eraseSpec erases the person from what a change of many users is to do, and reports whether it has.
func (p *Person) eraseSpec(j *roster.Job) (erased bool) {
	if j.Update == nil {
		return false
	}
	spec := *j.Update
	j.Update = &spec
	if p.IsTold(string(spec.Patch)) {
		spec.Patch, erased = nil, true
	}
	erased = p.eraseText(&spec.Filter, false) || erased
	return p.eraseText(&spec.Search, false) || erased
}

// eraseText erases a text that tells of the person, or is the person's own, and reports whether it has.
func (p *Person) eraseText(text *string, mine bool) (erased bool) {
	if *text == "" || *text == roster.ErasedText || !mine && !p.IsTold(*text) {
		return false
	}
	*text = roster.ErasedText
	return true
}
