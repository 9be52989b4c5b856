package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/oasdiff/yaml3"
)

// manifest is an object of Kubernetes, as far as the tests look at it.
type manifest struct {
	Kind     string
	Metadata struct{ Name string }
	Spec     struct {
		Replicas, MinAvailable int
		Selector               map[string]any
		Ports                  []struct{ TargetPort string }
		Template               struct {
			Metadata struct{ Labels, Annotations map[string]string }
			Spec     podSpec
		}
		VolumeClaimTemplates []struct{ Metadata struct{ Name string } }
	}
}

type podSpec struct {
	AutomountServiceAccountToken  *bool
	TerminationGracePeriodSeconds int
	SecurityContext               struct {
		RunAsNonRoot   bool
		RunAsUser      int
		SeccompProfile struct{ Type string }
	}
	Containers []container
}

type container struct {
	Args         []string
	Env          []struct{ Name, Value string }
	Ports        []containerPort
	VolumeMounts []struct{ Name, MountPath string }

	StartupProbe, ReadinessProbe, LivenessProbe struct {
		HTTPGet struct{ Path, Port string }
	}
	Resources       struct{ Limits struct{ Memory string } }
	SecurityContext struct {
		AllowPrivilegeEscalation *bool
		ReadOnlyRootFilesystem   bool
		Capabilities             struct{ Drop []string }
	}
}

type containerPort struct {
	Name          string
	ContainerPort int
}

// manifests reads the objects of a file.
func manifests(t *testing.T, name string) (all []manifest) {
	t.Helper()
	decoder := yaml.NewDecoder(strings.NewReader(packaged(t, name)))
	for {
		var doc any
		err := decoder.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		text, err := json.Marshal(doc)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, reach := range []string{"hostPath", "hostNetwork", "hostPID", "hostIPC", "hostPort", "privileged"} {
			if bytes.Contains(text, []byte(`"`+reach+`"`)) {
				t.Errorf("%s asks for %s", name, reach)
			}
		}
		var m manifest
		if err := json.Unmarshal(text, &m); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, m)
	}
}

func TestKubernetes(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"kubernetes/sqlite.yaml":   {"Service", "StatefulSet"},
		"kubernetes/postgres.yaml": {"Service", "PodDisruptionBudget", "Deployment"},
	} {
		all := manifests(t, name)
		var kinds []string
		for _, m := range all {
			kinds = append(kinds, m.Kind)
		}
		if diff := cmp.Diff(want, kinds); diff != "" {
			t.Fatalf("the objects of %s (-want +got):\n%s", name, diff)
		}
		runs := all[len(all)-1]
		for _, m := range all {
			selector := m.Spec.Selector
			if labels, ok := selector["matchLabels"].(map[string]any); ok {
				selector = labels
			}
			for key, value := range selector {
				if got := runs.Spec.Template.Metadata.Labels[key]; got != value {
					t.Errorf("%s: the %s is for pods with %s=%v, the pods have %q", name, m.Kind, key, value, got)
				}
			}
			if len(selector) == 0 || m.Metadata.Name != "roster" {
				t.Errorf("%s: the %s %q selects %v", name, m.Kind, m.Metadata.Name, selector)
			}
		}
		for _, problem := range problemsOf(&runs) {
			t.Errorf("%s: %s", name, problem)
		}
		wantReach(t, name, all[0], &runs)
	}
}

// problemsOf says what is wrong with the pods of a workload.
func problemsOf(m *manifest) (problems []string) {
	want := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Sprintf(format, args...))
		}
	}
	spec := m.Spec.Template.Spec
	c := spec.Containers[0]
	want(spec.SecurityContext.RunAsNonRoot && spec.SecurityContext.RunAsUser == 65532, "it runs as root")
	want(spec.SecurityContext.SeccompProfile.Type == "RuntimeDefault", "it has no seccomp profile")
	want(spec.AutomountServiceAccountToken != nil && !*spec.AutomountServiceAccountToken, "it gets a token of the cluster")
	own := c.SecurityContext
	want(own.AllowPrivilegeEscalation != nil && !*own.AllowPrivilegeEscalation, "it may gain privileges")
	want(own.ReadOnlyRootFilesystem, "it may write to its root folder")
	want(slices.Equal(own.Capabilities.Drop, []string{"ALL"}), "it keeps capabilities")
	probed := []string{c.StartupProbe.HTTPGet.Path, c.ReadinessProbe.HTTPGet.Path, c.LivenessProbe.HTTPGet.Path}
	want(slices.Equal(probed, []string{"/healthz", "/readyz", "/healthz"}), "it is probed at %q", probed)
	const ending = 30 // seconds that requests under way have when it ends
	drain := time.Duration(0)
	for _, arg := range c.Args {
		if text, ok := strings.CutPrefix(arg, "--drain="); ok {
			drain, _ = time.ParseDuration(text)
		}
	}
	want(drain > 0, "it does not drain: the arguments are %v", c.Args)
	want(spec.TerminationGracePeriodSeconds > ending+int(drain.Seconds()), "it is killed after %d s, before it has ended",
		spec.TerminationGracePeriodSeconds)
	var views, all size
	err := errors.Join(views.Set(envOf(c, "ROSTER_MEMORY")), all.Set(c.Resources.Limits.Memory+"B"))
	want(err == nil && views > 0 && views <= all/3*2, "organizations may have %s of %s: %v", &views, &all, err)
	if m.Kind == "StatefulSet" {
		want(m.Spec.Replicas == 1, "a file is for one process, not %d", m.Spec.Replicas)
		want(len(c.VolumeMounts) == 1 && m.Spec.VolumeClaimTemplates[0].Metadata.Name == c.VolumeMounts[0].Name,
			"the volume is not mounted")
		store := strings.TrimPrefix(envOf(c, "ROSTER_STORE"), "sqlite:")
		want(path.Dir(store) == c.VolumeMounts[0].MountPath, "the store %s is not on the volume", store)
	} else {
		want(m.Spec.Replicas > 1, "it has %d nodes, want several", m.Spec.Replicas)
	}
	return problems
}

func envOf(c container, name string) string {
	for _, e := range c.Env {
		if e.Name == name {
			return e.Value
		}
	}
	return ""
}

// wantReach checks that the ports of the service, the probes and the metrics are those that the program listens on.
func wantReach(t *testing.T, name string, service manifest, runs *manifest) {
	t.Helper()
	c := runs.Spec.Template.Spec.Containers[0]
	var want []containerPort
	for port, variable := range map[string]string{"http": "ROSTER_ADDR", "metrics": "ROSTER_METRICS_ADDR"} {
		number, err := strconv.Atoi(strings.TrimPrefix(envOf(c, variable), ":"))
		if err != nil {
			t.Errorf("%s: %s: %v", name, variable, err)
		}
		want = append(want, containerPort{port, number})
		if scraped := runs.Spec.Template.Metadata.Annotations["prometheus.io/port"]; port == "metrics" &&
			scraped != strconv.Itoa(number) {
			t.Errorf("%s: metrics are read from port %s, want %d", name, scraped, number)
		}
	}
	slices.SortFunc(want, func(a, b containerPort) int { return strings.Compare(a.Name, b.Name) })
	if diff := cmp.Diff(want, c.Ports); diff != "" {
		t.Errorf("%s: the ports of the container (-want +got):\n%s", name, diff)
	}
	for _, at := range []string{
		service.Spec.Ports[0].TargetPort, c.StartupProbe.HTTPGet.Port, c.ReadinessProbe.HTTPGet.Port, c.LivenessProbe.HTTPGet.Port,
	} {
		if at != "http" {
			t.Errorf("%s: something asks at the port %q, want http", name, at)
		}
	}
}
