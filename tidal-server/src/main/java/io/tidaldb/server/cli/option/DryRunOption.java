package io.tidaldb.server.cli.option;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.Output;
import picocli.CommandLine.Option;

/** The option to be told what a command would come to. */
public final class DryRunOption {

    @Option(
            names = "--dry-run",
            description = "Change nothing; say what it would come to. Exit code 3 if it would be refused.")
    private boolean dryRun;

    /** Returns whether nothing is to be changed. */
    public boolean isGiven() {
        return dryRun;
    }

    /** Prints a plan; returns the exit code. */
    public static int show(Output output, ObjectNode plan) {
        output.result(plan);
        return plan.path("allowed").asBoolean() ? ExitCodes.DONE : ExitCodes.REFUSED;
    }
}
