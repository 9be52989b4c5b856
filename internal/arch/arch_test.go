package arch_test

import (
	"maps"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster/internal/arch"
)

const module = "github.com/roster-dev/roster"

func TestSourcesKeepTheArchitecture(t *testing.T) {
	packages, err := arch.Load(os.DirFS("../.."), module)
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) == 0 || packages[0].Path != "." || packages[0].Files[0].Package != "roster" {
		t.Fatal("the root package was not read: the test looks at the wrong folder")
	}
	for _, fault := range arch.Check(packages, arch.Roster()) {
		t.Error(fault)
	}
}

// tree is a small module that keeps every rule; a case of TestCheck adds one file to it.
func tree() fstest.MapFS {
	return sources(
		"user.go", `package roster; import ("strings"; "golang.org/x/text/cases")`,
		"cmd/roster/main.go", `package main; import ("net/http"; "ROSTER/internal/server"; "ROSTER/internal/store/open")`,
		"client/client.go", `package client; import ("net/http"; "ROSTER")`,
		"internal/demo/demo.go", `package demo; import ("ROSTER"; "github.com/brianvoe/gofakeit/v7")`,
		"internal/store/store.go", `package store; import "ROSTER"`,
		"internal/store/sqlite/sqlite.go", `package sqlite; import ("database/sql"; "ROSTER"; "ROSTER/internal/store")`,
		"internal/store/storetest/run.go", `package storetest; import ("testing"; "ROSTER/internal/store")`,
		"internal/store/open/open.go", `package open; import ("ROSTER/internal/store"; "ROSTER/internal/store/sqlite")`,
		"internal/directory/d.go", `package directory; import ("ROSTER/internal/store"; "ROSTER/internal/index")`,
		"internal/dialect/dialect.go", `package dialect; import ("net/http"; "ROSTER")`,
		"internal/dialect/scim/scim.go", `package scim; import ("ROSTER"; "ROSTER/internal/dialect")`,
		"internal/dialect/all/all.go", `package all; import ("ROSTER/internal/dialect"; "ROSTER/internal/dialect/scim")`,
		"internal/dialect/dialecttest/run.go", `package dialecttest; import "ROSTER/internal/directory"`,
		"internal/server/server.go", `package server; import ("net/http"; "ROSTER/internal/auth"; "ROSTER/internal/web")`,
	)
}

// sources makes a file system of pairs of names and contents, in which ROSTER stands for the module.
func sources(pairs ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		fsys[pairs[i]] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(pairs[i+1], "ROSTER", module))}
	}
	return fsys
}

func TestCheck(t *testing.T) {
	for _, tc := range []struct {
		name, file, source string
		want               []string
	}{
		{"a tree that keeps the rules", "doc.go", "package roster", nil},
		{
			"the vocabulary imports one of ours", "x.go", "package roster\nimport \"ROSTER/internal/store\"",
			[]string{"x.go:2: . may not import internal/store: of ours it may import nothing"},
		},
		{
			"the vocabulary imports another module", "x.go", "package roster\nimport \"golang.org/x/textual\"",
			[]string{"x.go:2: . may not import golang.org/x/textual: " +
				"beyond the standard library it may import golang.org/x/text"},
		},
		{
			"a dialect reaches for the directory", "internal/dialect/scim/x.go",
			"package scim\n\nimport \"ROSTER/internal/directory\"",
			[]string{"internal/dialect/scim/x.go:3: internal/dialect/scim may not import internal/directory: " +
				"of ours it may import ., internal/dialect"},
		},
		{
			"a dialect reaches for another dialect", "internal/dialect/fipto/x.go",
			"package fipto; import \"ROSTER/internal/dialect/scim\"",
			[]string{"internal/dialect/fipto/x.go:1: internal/dialect/fipto may not import internal/dialect/scim: " +
				"of ours it may import ., internal/dialect"},
		},
		{
			"the server reaches for the directory", "internal/server/x.go",
			"package server; import \"ROSTER/internal/directory\"",
			[]string{"internal/server/x.go:1: internal/server may not import internal/directory: " +
				"of ours it may import ., internal/auth, internal/dialect, internal/trace, internal/web"},
		},
		{
			"a driver imports another driver", "internal/store/memory/x.go",
			"package memory; import \"ROSTER/internal/store/sqlite\"",
			[]string{"internal/store/memory/x.go:1: internal/store/memory may not import internal/store/sqlite: " +
				"of ours it may import ., internal/store, internal/audit"},
		},
		{
			"SQL outside of the drivers", "internal/index/x.go", "package index; import \"database/sql/driver\"",
			[]string{"internal/index/x.go:1: internal/index may not import database/sql/driver: " +
				"SQL is a matter of the store drivers (internal/store/*)"},
		},
		{
			"HTTP in the directory", "internal/directory/x.go", "package directory; import \"net/http\"",
			[]string{"internal/directory/x.go:1: internal/directory may not import net/http: HTTP is a matter of the edges " +
				"(cmd/..., client, internal/auth, internal/conform, internal/control, internal/emulate, internal/fault, internal/inspect, internal/record, internal/server, internal/dialect/..., internal/webhook, " +
				"internal/store/postgres/pgtest, rostertest)"},
		},
		{
			"test support in a program", "cmd/roster/x.go", "package main; import \"ROSTER/internal/store/storetest\"",
			[]string{"cmd/roster/x.go:1: cmd/roster may not import internal/store/storetest: it is for tests"},
		},
		{
			"a package that the table does not know", "internal/cache/x.go", "package cache; import \"net/http\"",
			[]string{
				"internal/cache/x.go: package internal/cache is not in the table: " +
					"add a row to Roster in internal/arch/rules.go that says what it may import",
				"internal/cache/x.go:1: internal/cache may not import net/http: HTTP is a matter of the edges " +
					"(cmd/..., client, internal/auth, internal/conform, internal/control, internal/emulate, internal/fault, internal/inspect, internal/record, internal/server, internal/dialect/..., internal/webhook, " +
					"internal/store/postgres/pgtest, rostertest)",
			},
		},
		{
			"an init function", "internal/index/x.go", "package index\n\nfunc init() {}\n\nfunc init() {}",
			[]string{
				"internal/index/x.go:3: no init functions: call it where the program is put together",
				"internal/index/x.go:5: no init functions: call it where the program is put together",
			},
		},
		{"a method called init", "internal/index/x.go", "package index\n\ntype t int\n\nfunc (t) init() {}", nil},
		{
			"a name that says nothing", "internal/dialect/helpers/x.go", "package helpers",
			[]string{"internal/dialect/helpers/x.go: no package is called helpers: " +
				"name it after the one thing that it is for"},
		},
		{
			"a test may import what it likes", "internal/index/x_test.go",
			"package index; import \"ROSTER/internal/store/storetest\"", nil,
		},
		{"testdata is no package", "internal/index/testdata/x.go", "package util", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			fsys := tree()
			maps.Copy(fsys, sources(tc.file, tc.source))
			packages, err := arch.Load(fsys, module)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, fault := range arch.Check(packages, arch.Roster()) {
				got = append(got, fault.String())
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLoad(t *testing.T) {
	fsys := sources(
		"b/b.go", "package b\n\nimport (\n\t\"fmt\"\n\troster \"ROSTER\"\n)",
		"b/b_windows.go", "//go:build windows\n\npackage b\n\nimport \"ROSTER/a\"\n\nfunc init() {}",
		"b/b_test.go", "package b\n\nimport \"testing\"",
		"a/a.go", "package a",
		"docs/page.md", "no sources",
		"tools/go.mod", "module ROSTER/tools",
		"tools/tools.go", "package tools",
		"_old/old.go", "package old",
		".ci/ci.go", "package ci",
		"node_modules/x/x.go", "package x",
	)
	got, err := arch.Load(fsys, module)
	if err != nil {
		t.Fatal(err)
	}
	want := []arch.Package{
		{Path: "a", Files: []arch.File{{Name: "a/a.go", Package: "a"}}},
		{Path: "b", Files: []arch.File{
			{Name: "b/b.go", Package: "b", Imports: []arch.Import{
				{Path: "fmt", Line: 4}, {Path: ".", Ours: true, Line: 5},
			}},
			{
				Name: "b/b_windows.go", Package: "b",
				Imports: []arch.Import{{Path: "a", Ours: true, Line: 5}}, Inits: []int{7},
			},
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
}

func TestLoadRefusesWhatIsNotGo(t *testing.T) {
	_, err := arch.Load(sources("a/a.go", "pakage a"), module)
	if err == nil || !strings.Contains(err.Error(), "a/a.go:1") {
		t.Errorf("Load = %v, want an error that names a/a.go:1", err)
	}
}
