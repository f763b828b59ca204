package inspect

import (
	"fmt"
	"strings"

	"corallite/internal/english"
)

func (r *Report) memorySection() section {
	s := section{id: "memory", short: "Memory", title: "Memory of a run, as the runtime allocates it", heads: true}
	s.row("DELEGATE", "ARENA", "WITHOUT SHARING", "STATE", "ALLOCATED SINGLY", "PROCESS GROWS BY")
	for _, d := range r.Runtime.Delegates {
		if m := d.Memory; m != nil {
			peak := ""
			if m.Peak > 0 {
				peak = bytesText(m.Peak)
			}
			s.row(d.Name, bytesText(m.Arena), bytesText(m.Tensors), bytesText(m.Persistent), bytesText(m.Dynamic), peak)
		}
	}
	return s
}

func (r *Report) delegatesSection() section {
	s := section{id: "delegates", short: "Delegates", title: "What delegates take"}
	for _, d := range r.Runtime.Delegates {
		switch {
		case d.Error != "":
			s.row(d.Name, "cannot run it: "+d.Error)
			continue
		case d.Name == "none":
			s.row(d.Name, fmt.Sprintf("the built-in kernels run all %d operators", d.Nodes))
		default:
			s.row(d.Name, fmt.Sprintf("%d of %d operators in %s", d.Taken, d.Nodes, english.Count(len(d.Partitions), "piece")))
		}
		for _, text := range d.leaves() {
			s.row("", text)
		}
		if d.RunError != "" {
			s.row("", "a run with zeros fails: "+d.RunError)
		}
	}
	return s
}

// leaves says what a delegate leaves, those together that it leaves for one reason.
func (d Delegate) leaves() []string {
	var order []string
	names := map[string][]string{}
	for _, l := range d.Left {
		if names[l.Why] == nil {
			order = append(order, l.Why)
		}
		names[l.Why] = append(names[l.Why], fmt.Sprintf("%d %s", len(l.Nodes), l.Name))
	}
	var all []string
	for _, why := range order {
		text := "leaves " + strings.Join(names[why], ", ")
		if why != "" {
			text += ": " + why
		}
		all = append(all, text)
	}
	return all
}

func (r *Report) edgeTPUSection() section {
	s := section{id: "edgetpu", short: "Edge TPU", title: "Edge TPU"}
	if m := r.EdgeTPU.Mapping; m != nil {
		n := fmt.Sprint(m.Mapped)
		if m.Most > m.Mapped {
			n = fmt.Sprintf("%d to %d", m.Mapped, m.Most)
		}
		s.row("compiler", fmt.Sprintf("by its published rules, %s of %s map to the Edge TPU", n, english.Count(m.Of, "operator")))
		if len(m.Stops) > 0 {
			s.row("stops at", fmt.Sprintf("%d %s: %s", m.Stops[0].Node, m.Stops[0].Name, m.Stops[0].Why))
		}
		if len(m.Stops) > 1 {
			var names []string
			for _, stop := range m.Stops[1:] {
				names = append(names, stop.Name)
			}
			s.row("nor takes", countNames(names))
		}
		for _, n := range m.Notes {
			s.row("note", n)
		}
		return s
	}
	for _, p := range r.EdgeTPU.Packages {
		s.row(fmt.Sprintf("node %d", p.Node), fmt.Sprintf("compiler %s, libedgetpu's runtime %d or newer; parameters: %s stay on the chip, %s are sent with every run",
			orUnknown(p.Compiler), p.MinimumRuntime, bytesText(int64(p.OnChip)), bytesText(int64(p.OffChip))))
		for _, e := range p.Executables {
			text := fmt.Sprintf("%s for %s: %s of parameters, %s of host memory", e.Type, orUnknown(e.Chip), bytesText(int64(e.ParameterBytes)), bytesText(int64(e.ScratchBytes)))
			if e.Cycles > 0 {
				text += fmt.Sprintf(", about %s cycles", large(e.Cycles))
			}
			if e.Token != "" {
				text += ", caching token " + e.Token
			}
			s.row("", text)
		}
	}
	if len(r.EdgeTPU.OnCPU) > 0 {
		s.row("on the CPU", countNames(r.EdgeTPU.OnCPU))
	}
	if r.EdgeTPU.Error != "" {
		s.row("damaged", r.EdgeTPU.Error)
	}
	return s
}

func orUnknown(s string) string {
	if s == "" || s == "cl/" {
		return "unknown"
	}
	return s
}

func (r *Report) trapsSection() section {
	s := section{id: "traps", short: "Look out for", title: "Look out for"}
	for _, t := range r.Traps {
		s.row(t.Code, t.Text)
	}
	return s
}

// pieces says in which piece of the first delegate with an answer a node is: "piece 2"; "" for what it leaves.
func (r *Report) pieces() (pieces map[Node]string, by string) {
	for _, d := range r.Runtime.Delegates {
		if d.Error != "" || d.Name == "none" {
			continue
		}
		pieces = map[Node]string{}
		for i, p := range d.Partitions {
			for _, n := range p.Nodes {
				pieces[Node{p.Subgraph, n}] = fmt.Sprintf("piece %d", i+1)
			}
		}
		return pieces, d.Name
	}
	return nil, ""
}
