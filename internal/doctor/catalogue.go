package doctor

import "fmt"

// catalogued checks the files whose contents are known.
func (e *examiner) catalogued() {
	good := []string{}
	for _, c := range e.Catalogued {
		if c.Err == nil {
			good = append(good, c.Path)
			continue
		}
		f := Finding{
			Check: Models, Subject: c.Model, Looked: []string{c.Path}, State: Warning, ID: ModelDamaged,
			Found: fmt.Sprintf("it is not the file that the catalog means: %v", c.Err), Fix: c.Fix,
		}
		if len(c.Pipelines) > 0 {
			f.State, f.Stops = Problem, c.Pipelines
		}
		e.add(f)
	}
	if len(good) > 0 {
		e.ok(Models, "the model cache", fmt.Sprintf("%d files are as the catalog has them (sha256)", len(good)), good...)
	}
}
