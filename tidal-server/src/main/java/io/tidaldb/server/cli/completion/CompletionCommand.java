package io.tidaldb.server.cli.completion;

import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What a shell needs to complete command lines, made from the commands that there are. */
@Command(
        name = "completion",
        description = "Prints a script that completes command lines in a shell.",
        footer = {
            "",
            "bash: tidal completion bash > ~/.local/share/bash-completion/completions/tidal",
            "zsh:  tidal completion zsh > ~/.tidal.zsh; and in ~/.zshrc: source ~/.tidal.zsh",
            "fish: tidal completion fish > ~/.config/fish/completions/tidal.fish"
        })
@SuppressWarnings("NullAway.Init")
public final class CompletionCommand extends CliCommand {

    /** Who can be told. */
    enum Shell {
        BASH,
        ZSH,
        FISH
    }

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "bash|zsh|fish", description = "The shell.")
    private Shell shell;

    @Override
    public Integer call() {
        CommandLine root = spec.root().commandLine();
        OptionValues.install(root);
        // zsh reads what bash does: the script asks which of the two runs it.
        output().out()
                .print(shell == Shell.FISH ? FishCompletion.of(root) : AutoComplete.bash(root.getCommandName(), root));
        output().end();
        return ExitCodes.DONE;
    }
}
