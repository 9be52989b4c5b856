package native

import (
	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// Message is what is sent to a webhook, in the form of the Standard Webhooks specification.
type Message struct {
	Type string `json:"type"`
	// Timestamp is when what the message is about happened.
	Timestamp roster.Time `json:"timestamp"`
	Data      any         `json:"data"`
}

// messageChange is the data of a message about a change: what an item of listChanges is.
type messageChange struct {
	Change
	// Truncated is set where the records are too many for a message, and ops are left out.
	Truncated bool `json:"truncated,omitempty"`
}

// messageBytes is how many bytes the records of a message have at the most.
const messageBytes = 1 << 20

// Messages is how messages to webhooks are written: a change is what GET /changes shows of it to a token with the
// permissions of the webhook.
type Messages struct{}

// Changes returns what writes the message to a webhook about a change, in JSON: nil where nothing of it is for the
// webhook. Where the records of a change have more than 1 MiB, the message has no ops and is truncated. It fails with
// [roster.Invalid] or [roster.Forbidden] for a webhook that can't be followed.
func (Messages) Changes(w *roster.Webhook) (func(roster.Change) ([]byte, error), error) {
	f, err := followed(w)
	if err != nil {
		return nil, err
	}
	f.every = false
	return func(c roster.Change) ([]byte, error) {
		shown, whole, err := f.change(c, messageBytes)
		if err != nil || whole && len(shown.Ops) == 0 {
			return nil, err
		}
		return dialect.Encode(Message{Type: "change", Timestamp: c.At, Data: messageChange{shown, !whole}})
	}, nil
}

// Test returns a message that is about nothing.
func (Messages) Test(w *roster.Webhook, at roster.Time) ([]byte, error) {
	return dialect.Encode(Message{Type: "test", Timestamp: at, Data: struct {
		Webhook roster.ID `json:"webhook"`
	}{w.ID}})
}

// followed returns the feed of what a webhook wants to hear.
func followed(w *roster.Webhook) (*feed, error) {
	by := roster.Principal{Permissions: w.Permissions}
	if len(by.Permissions) == 0 {
		by.Permissions = roster.Permissions{roster.UsersRead}
	}
	return feedOf(nil, by, wanted{types: w.Types, filter: w.Filter})
}
