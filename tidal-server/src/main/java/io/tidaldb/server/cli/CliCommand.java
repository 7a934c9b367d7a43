package io.tidaldb.server.cli;

import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** A command that does something and answers with an exit code. */
public abstract class CliCommand implements Callable<Integer> {

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    /** Returns where results and notes go. */
    protected final Output output() {
        return CommonOptions.outputOf(spec);
    }

    /** Returns the token to show to servers, or null. */
    protected final @Nullable String token() {
        return CommonOptions.tokenOf(spec, System.getenv());
    }
}
