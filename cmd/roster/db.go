package main

import (
	"github.com/spf13/cobra"
)

// db is about what the data is kept in. Its commands go to the store itself, never to a server.
func (a *app) db() *cobra.Command {
	return group(&cobra.Command{
		Use: "db", Short: "Look after the file or the database that the data is in",
		Long: "Look after the file or the database that the data is in: bring its schema up to date, verify it,\n" +
			"back it up, and copy it into another one. A server may go on with it meanwhile unless it is said\n" +
			"otherwise.",
	}, a.dbMigrate(), a.dbStatus(), a.dbVerify(), a.dbBackup(), a.dbRestore(), a.dbCopy(),
		a.dbDistribute())
}

// onStore fails where flags lead to a server.
func (a *app) onStore(cmd *cobra.Command) error {
	if a.url != "" || a.token != "" {
		return usage(cmd, "it looks into a store, not at a server: leave out --url and --token")
	}
	return nil
}
