package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// newCompletion stands in for cobra's own command, which takes any word for a shell.
func newCompletion(std *streams) *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print a shell completion script",
		Long: `Prints a completion script for a shell: once it is loaded, the Tab key completes commands, flags, files and model names.
For bash, the package bash-completion is needed.`,
		Example: `  source <(corallite completion bash)
  corallite completion bash > ~/.local/share/bash-completion/completions/corallite
  corallite completion zsh > "${fpath[1]}/_corallite"`,
		ValidArgs: shells,
		Args: func(cmd *cobra.Command, args []string) error {
			if err := exactly(1, "the shell, "+cmd.Use[len("completion "):]+",")(cmd, args); err != nil {
				return err
			}
			for _, shell := range shells {
				if args[0] == shell {
					return nil
				}
			}
			return usageError{fmt.Errorf("no completion for %q: want bash, zsh, fish or powershell", args[0])}
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "zsh":
				return root.GenZshCompletion(std.out)
			case "fish":
				return root.GenFishCompletion(std.out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(std.out)
			default:
				return root.GenBashCompletionV2(std.out, true)
			}
		},
	}
}

// newHelp stands in for cobra's own command, which takes an unknown command for none.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Show help for a command",
		Example: "  corallite help run\n  corallite help models pull",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			at, _, err := cmd.Root().Find(args)
			if err != nil {
				return nil, cobra.ShellCompDirectiveError
			}
			var names []string
			for _, c := range at.Commands() {
				if c.IsAvailableCommand() {
					names = append(names, c.Name()+"\t"+c.Short)
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			at, rest, err := cmd.Root().Find(args)
			if len(rest) > 0 { // a command with subcommands finds itself for a word that is none of them
				err = fmt.Errorf("unknown command %q%s", rest[0], suggestion(at, rest[0]))
			}
			if err != nil {
				return usageError{err}
			}
			at.InitDefaultHelpFlag()
			return at.Help()
		},
	}
}
