package io.tidaldb.server.cli;

import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** A command that only has subcommands; alone it is wrong usage. */
public abstract class CommandGroup implements Runnable {

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public final void run() {
        String known = spec.subcommands().keySet().stream().sorted().collect(Collectors.joining(", "));
        throw new ParameterException(
                spec.commandLine(), spec.qualifiedName() + " needs a subcommand: expected one of " + known);
    }
}
