package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"corallite/internal/bench"
	"corallite/internal/terminal"
)

// mostOperators is how many operators of a profile a terminal is given; --json has all.
const mostOperators = 30

// benchText is a report for a terminal of a width.
func benchText(r benchReport, width int) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	last := ""
	for _, v := range r.Results {
		if v.Error != "" {
			continue
		}
		if head := fmt.Sprintf("%s on %s", v.Model, v.Device); head != last {
			_ = w.Flush() // to memory
			if width > 0 {
				head = terminal.KeepEnd(head, width)
			}
			fmt.Fprintln(&b, head)
			fmt.Fprintln(w, "ENGINES\tTHREADS\tLOAD\tFIRST\tP50\tP90\tP99\tMEAN\t±\tRUNS/S\tCPU\tMB\t")
			last = head
		}
		ms := func(us float64) string { return fmt.Sprintf("%.3f", us/1000) }
		fmt.Fprintf(w, "%d\t%d\t%.1f\t%.2f\t%s\t%s\t%s\t%s\t%s\t%.1f\t%.2f\t%.1f\t\n", v.Engines, v.Threads, v.LoadMS, v.FirstMS, ms(v.P50), ms(v.P90), ms(v.P99), ms(v.Mean), ms(v.Deviation), v.PerSecond, v.CPU, v.MemoryMB)
	}
	_ = w.Flush()
	b.WriteString("Times in milliseconds; CPU: processor time a run; MB: memory that the model needs beside its file.\n")
	for _, v := range r.Results {
		if v.Joules != nil {
			fmt.Fprintf(&b, "%s: %.3g mJ a run, of the whole machine (%s)\n", v.Model, 1000**v.Joules, r.Energy)
		}
	}
	if q := r.Ratio; q != nil {
		fmt.Fprintf(&b, "%s takes %.3f times as long as %s (95 %%: %.3f to %.3f, %d pairs in turn)\n", r.Results[1].Model, q.Value, r.Results[0].Model, q.Low, q.High, q.Pairs)
	}
	for _, v := range r.Results {
		b.WriteString(profileText(v))
	}
	return b.String()
}

// profileText lists a model's operators, the slowest first.
func profileText(v bench.Result) string {
	if len(v.Operators) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s, %d × %d threads: operators by the runtime's telemetry\n", v.Model, v.Engines, v.Threads)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SHARE\tµS\tOPERATOR\tNAME")
	all := slices.Clone(v.Operators)
	slices.SortStableFunc(all, func(x, y bench.OpShare) int {
		return cmp.Compare(y.Percent, x.Percent)
	})
	for _, o := range all[:min(len(all), mostOperators)] {
		where := fmt.Sprintf("%d", o.Op)
		if o.Piece >= 0 {
			where = fmt.Sprintf("piece %d, %d", o.Piece, o.Op)
		}
		if o.Graph > 0 {
			where = fmt.Sprintf("graph %d, %s", o.Graph, where)
		}
		fmt.Fprintf(w, "%.1f %%\t%.1f\t%s\t%s\n", o.Percent, o.MeanUS, where, o.Name)
	}
	_ = w.Flush() // to memory
	if more := len(all) - mostOperators; more > 0 {
		fmt.Fprintf(&b, "… and %d more (--json has all)\n", more)
	}
	return b.String()
}
