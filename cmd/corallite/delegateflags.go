package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"corallite/configs"
	"corallite/delegate"
	"corallite/delegate/edgetpu"
	"corallite/internal/assemble"
)

// delegateFlags are what runs a model, as the command line says it.
type delegateFlags struct {
	choice  string   // as configs.ParseDelegates reads it
	options []string // KEY=VALUE, for the external delegates in choice
	device  string   // as edgetpu.ParseSpec reads it
}

// add adds the flags to a command.
func (f *delegateFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.choice, "delegate", delegate.Auto.String(), "delegate that runs the model: auto, edgetpu, xnnpack, none or plugin:LIBRARY, or a comma-separated list (the first that works is used)")
	cmd.Flags().StringArrayVar(&f.options, "delegate-option", nil, "option for the external delegate of --delegate plugin:LIBRARY: KEY=VALUE (repeatable)")
	cmd.Flags().StringVar(&f.device, "device", "", `which Edge TPU: "" for any, usb, pci, :1, usb:0, pci:0, a name listed by corallite devices, or a path`)
	_ = cmd.RegisterFlagCompletionFunc("delegate", cobra.FixedCompletions(
		[]string{configs.DelegateAuto, configs.DelegateEdgeTPU, configs.DelegateXNNPACK, configs.DelegateNone, configs.DelegatePlugin + ":"}, cobra.ShellCompDirectiveNoSpace))
	_ = cmd.RegisterFlagCompletionFunc("device", deviceNames)
}

// delegates are the flags as a configuration has them. The error is one of usage.
func (f *delegateFlags) delegates() (configs.Delegates, error) {
	all := configs.ParseDelegates(f.choice)
	options := map[string]string{}
	for _, pair := range f.options {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return nil, usageError{fmt.Errorf("--delegate-option %q: want KEY=VALUE", pair)}
		}
		options[key] = value
	}
	if len(options) > 0 && !all.HasPlugin() {
		return nil, usageError{fmt.Errorf("--delegate-option is for an external delegate: add --delegate %s:LIBRARY", configs.DelegatePlugin)}
	}
	for i := range all {
		if all[i].Name == configs.DelegatePlugin && len(options) > 0 {
			all[i].Options = options
		}
	}
	if all.Only(configs.DelegateAuto) {
		return all, nil
	}
	if _, err := assemble.Choice(all); err != nil {
		return nil, usageError{err}
	}
	return all, nil
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
