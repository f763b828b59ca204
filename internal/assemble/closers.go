package assemble

import "errors"

// closers are what is to be closed, the last first.
type closers []func() error

// Close closes all of them, and forgets them.
func (c *closers) Close() error {
	var errs []error
	for i := len(*c) - 1; i >= 0; i-- {
		errs = append(errs, (*c)[i]())
	}
	*c = nil
	return errors.Join(errs...)
}
