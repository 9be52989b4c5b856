package demo

import (
	"github.com/roster-dev/roster"
)

// settings are what u chose in person; some chose little.
func settings(d *dice, u *roster.User) {
	u.Theme = pick(d, themes[:])
	u.UIVersion = 2
	if d.percent(15) {
		u.UIVersion = 1
	}
	u.EmailFrequency = 2
	if d.percent(25) {
		u.EmailFrequency = 1
	}
	u.TelegramSDBot = d.percent(8)
	if d.percent(60) {
		u.EmailSettings = pick(d, emailSettings[:])
		u.NotificationSettings = pick(d, notificationSettings[:])
		u.NotificationChannels = pick(d, channels())
	}
	if d.percent(50) {
		u.WorkTime = pick(d, workTimes[:])
	}
	if d.percent(30) {
		u.PersonalSettings = pick(d, personalSettings[:])
	}
	if d.percent(25) {
		u.Slack = slack(d)
	}
}

func channels() [][]string {
	return [][]string{{"app"}, {"email"}, {"app", "email"}, {"app", "email", "slack"}, {"app", "push"}}
}

func slack(d *dice) roster.Slack {
	const digits = "0123456789" // the vendor who shows the channel numbers it
	channel := []byte("1000000000")
	for i := 1; i < len(channel); i++ {
		channel[i] = digits[d.IntN(len(digits))]
	}
	s := roster.Slack{ID: 1 + d.Int64N(1_000_000), PrivateChannelID: string(channel)}
	if d.percent(70) {
		s.Settings = pick(d, slackSettings[:])
	}
	return s
}

var (
	themes = [...]string{"light", "light", "dark", "auto"}

	emailSettings = [...]roster.Object{
		`{"deadlines":true,"subject_by":"card_title"}`,
		`{"deadlines":true,"subject_by":"event"}`,
		`{"deadlines":false,"subject_by":"card_title"}`,
		`{"deadlines":false,"subject_by":"event"}`,
	}
	notificationSettings = [...]roster.Object{
		`{"mention":["app","email"],"comment":["app"],"deadline":["app","email"]}`,
		`{"mention":["app"],"comment":[],"deadline":["email"]}`,
		`{"mention":["app","email","slack"],"comment":["app","slack"],"deadline":["app","email","slack"]}`,
		`{"mention":["app"],"comment":["app"],"card_moved":["app"],"deadline":[]}`,
	}
	workTimes = [...]roster.Object{
		`{"work_days":[1,2,3,4,5],"hours_count":8}`,
		`{"work_days":[1,2,3,4,5],"hours_count":7.5}`,
		`{"work_days":[1,2,3,4],"hours_count":8}`,
		`{"work_days":[0,1,2,3,4],"hours_count":8}`,
		`{"work_days":[1,3,5],"hours_count":6}`,
	}
	personalSettings = [...]roster.Object{
		`{"current_card_view_id":1}`,
		`{"current_card_view_id":2}`,
		`{"current_card_view_id":17}`,
		`{"current_card_view_id":204}`,
	}
	slackSettings = [...]roster.Object{
		`{"mention":true,"comment":true,"deadline":true}`,
		`{"mention":true,"comment":false,"deadline":true}`,
		`{"mention":true,"comment":false,"deadline":false}`,
	}
)
