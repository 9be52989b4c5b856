package ingest_test

// publicKey is the public half of a key that nobody has.
const publicKey = `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAjme+iJ6u+bM+mtJ344xG
7ZIN0Ynd7mJ8J0VxL3pGv8D7l20YTUGpQPZ0Jr+joA4gg60Lr6MKAlcemt6QcTQ5
RTqTo/EetDAWwTCLuLAChEE9ivPp9fD35F43IMCca7+65Asgcbwq7yHs0bUnbwoa
8U7+Ad/36IJqCW4jygrLNgc9slX/KD0uA+07lLBBO0reiEj8z1vzNHScVwQkdh2D
X7GfKX45NtBZZLyK2GsQblta4Gcmd+RecRZYtXhnxBrZMTIO0DuQZSFnliUyoXs6
hpD+wKtuHw1g0vZHx7UArzTvNmphbV+kyqBGuX9ZGxU1rDBWcPALZBVm4LBbDJ0u
pwIDAQAB
-----END PUBLIC KEY-----
`
