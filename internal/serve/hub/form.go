package hub

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
)

// Limits of a form.
const (
	maxParts = 64
	maxField = 64 << 10 // bytes of a text field
)

// Form is a request of fields and files.
type Form struct {
	Values map[string]string // the first of each name
	Files  []File            // in the order in which they came
}

// File is a file of a Form.
type File struct {
	Field string // its name in the form
	Name  string // that the client gave it; "": none
	Data  []byte
}

// Form reads a request with a form: multipart/form-data, or the fields of application/x-www-form-urlencoded. A request
// without a body is an empty form. It is valid until End.
func (j *Job) Form(r *http.Request) (Form, error) {
	body, err := j.Body(r)
	if err != nil {
		return Form{}, err
	}
	return j.ParseForm(r.Header.Get("Content-Type"), body)
}

// ParseForm reads a form from its bytes.
func (j *Job) ParseForm(contentType string, body []byte) (Form, error) {
	f := Form{Values: map[string]string{}}
	if len(body) == 0 {
		return f, nil
	}
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return f, Bad("the request has no usable Content-Type (%q): send a form, multipart/form-data", contentType)
	}
	switch kind {
	case "application/x-www-form-urlencoded":
		values, err := url.ParseQuery(string(body))
		if err != nil {
			return f, Bad("the form cannot be read: %v", err)
		}
		for name, all := range values {
			f.Values[name] = all[0]
		}
		return f, nil
	case "multipart/form-data":
		if params["boundary"] == "" {
			return f, Bad("the form's Content-Type has no boundary")
		}
		if !bytes.Contains(body, []byte("--"+params["boundary"]+"--")) {
			return f, Bad("the form has no end: its last boundary is missing")
		}
		return f, j.parts(&f, multipart.NewReader(bytes.NewReader(body), params["boundary"]))
	}
	return f, Bad("the request has the Content-Type %s: send a form, multipart/form-data", kind)
}

// parts reads the parts of a form.
func (j *Job) parts(f *Form, from *multipart.Reader) error {
	for n := 0; ; n++ {
		p, err := from.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return Bad("the form cannot be read: %v", err)
		case n == maxParts:
			return Bad("the form has more than %d parts", maxParts)
		}
		if err := j.part(f, p); err != nil {
			return err
		}
	}
}

func (j *Job) part(f *Form, p *multipart.Part) error {
	name := p.FormName()
	if p.FileName() != "" || name == "" {
		data, err := j.Read(p, -1)
		if err != nil {
			return formError(err)
		}
		f.Files = append(f.Files, File{Field: name, Name: p.FileName(), Data: data})
		return nil
	}
	value, err := io.ReadAll(io.LimitReader(p, maxField+1))
	switch {
	case err != nil:
		return formError(err)
	case len(value) > maxField:
		return Bad("the field %q of the form has more than %d bytes; send pictures as files", name, maxField)
	}
	if _, there := f.Values[name]; !there {
		f.Values[name] = string(value)
	}
	return nil
}

// formError is an error in the middle of a part: the form ends without its last boundary.
func formError(err error) error {
	var e *Error
	if errors.As(err, &e) && e.Status != http.StatusInternalServerError && e.Status != http.StatusBadRequest {
		return err // it is too large, or too much for now
	}
	return Bad("the form cannot be read: %v", err)
}

// File is the first file of the field; of a form with one file only, that one, whatever its field.
func (f Form) File(field string) (File, bool) {
	for _, file := range f.Files {
		if file.Field == field {
			return file, true
		}
	}
	if len(f.Files) == 1 {
		return f.Files[0], true
	}
	return File{}, false
}
