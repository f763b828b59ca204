package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"corallite/configs"
	"corallite/delegate/edgetpu"
	"corallite/internal/choice"
)

// delegateFlags are what runs a model, as the command line says it.
type delegateFlags struct {
	choice  string   // as choice.Parse reads it
	options []string // KEY=VALUE, for the external delegates in choice
	device  string   // as edgetpu.ParseSpec reads it
}

// add adds the flags to a command.
func (f *delegateFlags) add(cmd *cobra.Command) {
	words := choice.Spellings()
	last := len(words) - 1
	cmd.Flags().StringVar(&f.choice, "delegate", choice.Auto.String(), fmt.Sprintf("delegate that runs the model: %s or %s, or a comma-separated list (the first that works is used)",
		strings.Join(words[:last], ", "), words[last]))
	cmd.Flags().StringArrayVar(&f.options, "delegate-option", nil, "option for the external delegate of --delegate plugin:LIBRARY: KEY=VALUE (repeatable)")
	cmd.Flags().StringVar(&f.device, "device", "", `which Edge TPU: "" for any, usb, pci, :1, usb:0, pci:0, a name listed by corallite devices, or a path`)
	for i, word := range words {
		words[i] = strings.TrimSuffix(word, "LIBRARY") // which the user adds
	}
	_ = cmd.RegisterFlagCompletionFunc("delegate", cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoSpace))
	_ = cmd.RegisterFlagCompletionFunc("device", deviceNames)
}

// delegates are the flags as a configuration has them. The error is one of usage.
func (f *delegateFlags) delegates() (configs.DelegateChoice, error) {
	options, err := f.pairs()
	if err != nil {
		return nil, err
	}
	all, err := configs.ParseDelegate(f.choice, options)
	var wrong *configs.SpecError
	if errors.As(err, &wrong) {
		flag := "--delegate"
		if wrong.Key == "options" {
			flag = "--delegate-option"
		}
		return nil, usageError{fmt.Errorf("%s: %w", flag, wrong.Err)}
	}
	return all, err
}

// chosen are the flags as a choice, each of whose items a command takes by itself. The error is one of usage.
func (f *delegateFlags) chosen() (choice.Choice, error) {
	options, err := f.pairs()
	if err != nil {
		return nil, err
	}
	all, err := choice.Parse(f.choice)
	if err == nil {
		all, err = all.WithOptions(options)
	}
	if err != nil {
		return nil, usageError{err}
	}
	return all, nil
}

// pairs are the options, by their keys. The error is one of usage.
func (f *delegateFlags) pairs() (map[string]string, error) {
	options := map[string]string{}
	for _, pair := range f.options {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return nil, usageError{fmt.Errorf("--delegate-option %q: want KEY=VALUE", pair)}
		}
		options[key] = value
	}
	return options, nil
}

// check says what cannot be meant.
func (f *delegateFlags) check() error {
	if _, err := f.delegates(); err != nil {
		return err
	}
	if _, err := edgetpu.ParseSpec(f.device); err != nil {
		return usageError{err}
	}
	return nil
}
