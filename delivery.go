package roster

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Hook is a webhook with where the delivery to it stands.
type Hook struct {
	Org ID
	// Version is that of the organization.
	Version Version
	Webhook *Webhook
	// Standing is that of [Webhook.Begin] where nothing is kept of it.
	Standing Standing
}

// Standing is where the delivery of changes to a webhook stands. It is no part of the organization's history.
type Standing struct {
	// Position is the version up to which every change was delivered, was given up or is none of the webhook's.
	Position Version
	// Round is how often the delivery began again at another version.
	Round int
	// Attempts is how many attempts at the message after Position have failed, and NextAt is when the next one is due;
	// none for at once.
	Attempts int
	NextAt   Time
	// Last is the last attempt at any message; zero where there was none.
	Last Attempt
	// SucceededAt is when a message was accepted last, and FailingSince when the first attempt failed after that; none
	// where there was none.
	SucceededAt, FailingSince Time
}

// IsBefore reports whether a standing was left behind by another one of its webhook: within a round the position only
// grows.
func (s Standing) IsBefore(other Standing) bool {
	return s.Round < other.Round || s.Round == other.Round && s.Position < other.Position
}

// Begin returns the standing of a webhook to which nothing was delivered yet.
func (w *Webhook) Begin() Standing { return Standing{Position: w.Since} }

// Attempt is one request to the URL of a webhook.
type Attempt struct {
	// At is when it began, and Took how long it took, in whole milliseconds.
	At   Time
	Took time.Duration
	// Status is that of the response, 0 where there was none.
	Status int
	// Error says what went wrong, "" where nothing did.
	Error string
}

// Succeeded reports whether the message was accepted.
func (a Attempt) Succeeded() bool { return a.Error == "" && a.Status >= 200 && a.Status <= 299 }

// DeliveryState says what has become of a message.
type DeliveryState string

// The states of deliveries.
const (
	Delivered DeliveryState = "delivered"
	// Retrying is a message whose attempts have failed so far.
	Retrying DeliveryState = "retrying"
	// Dead is a message that was given up.
	Dead DeliveryState = "dead"
)

// DeliveryStates returns all states.
func DeliveryStates() []DeliveryState { return []DeliveryState{Delivered, Retrying, Dead} }

// Delivery is what has become of a message to a webhook: that of a version in a round.
type Delivery struct {
	Version Version
	Round   int
	State   DeliveryState
	// Attempts is how many there were, and Last is the last of them.
	Attempts int
	Last     Attempt
}

// Progress is how the delivery to a webhook went on: where it stands now, and what has become of messages since.
type Progress struct {
	Org, Webhook ID
	Standing     Standing
	Deliveries   []Delivery
	// Answers are what requests were answered that led to it.
	Answers []Answer
}

// How many messages to a webhook are kept at the most: those of a state whose last attempts are the latest.
const (
	KeptDelivered = 100
	KeptDead      = 1000
)

// Kept returns how many deliveries of the state are kept of a webhook; 0 where it is not kept.
func (s DeliveryState) Kept() int {
	switch s {
	case Delivered:
		return KeptDelivered
	case Dead:
		return KeptDead
	default:
		return 0
	}
}

// KeepDeliveries returns what is kept of deliveries after some more, which take the places of those of the same version
// and round: the last message first, by round and then by version. It may change kept.
func KeepDeliveries(kept, more []Delivery) []Delivery {
	for _, next := range more {
		kept = slices.DeleteFunc(kept, func(d Delivery) bool {
			return d.Version == next.Version && d.Round == next.Round
		})
		kept = append(kept, next)
	}
	slices.SortFunc(kept, func(a, b Delivery) int {
		return cmp.Or(cmp.Compare(b.Last.At, a.Last.At), b.compare(a))
	})
	had := map[DeliveryState]int{}
	kept = slices.DeleteFunc(kept, func(d Delivery) bool {
		had[d.State]++
		return had[d.State] > d.State.Kept()
	})
	slices.SortFunc(kept, func(a, b Delivery) int { return b.compare(a) })
	return kept
}

// compare compares messages by their places in what a webhook is sent.
func (d Delivery) compare(other Delivery) int {
	return cmp.Or(cmp.Compare(d.Round, other.Round), cmp.Compare(d.Version, other.Version))
}

// MessageID returns the id of the message about a version: the same in every attempt, and another one in every round,
// so that whoever leaves out what was there before does so with attempts, and not with what is sent again on purpose.
func MessageID(webhook ID, version Version, round int) string {
	id := messagePrefix + webhook.String() + "_" + strconv.FormatInt(int64(version), 10)
	if round == 0 {
		return id
	}
	return id + "_" + strconv.Itoa(round)
}

const messagePrefix = "msg_"

// ParseMessageID returns the version and the round of a message to a webhook, and whether the id is that of one.
func ParseMessageID(webhook ID, id string) (version Version, round int, ok bool) {
	rest, ok := strings.CutPrefix(id, messagePrefix+webhook.String()+"_")
	if !ok {
		return 0, 0, false
	}
	first, second, _ := strings.Cut(rest, "_")
	v, err := strconv.ParseInt(first, 10, 64)
	if err != nil {
		return 0, 0, false
	}
	if second != "" {
		if round, err = strconv.Atoi(second); err != nil {
			return 0, 0, false
		}
	}
	version = Version(v)
	return version, round, v > 0 && MessageID(webhook, version, round) == id
}
