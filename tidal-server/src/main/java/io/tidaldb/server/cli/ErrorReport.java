package io.tidaldb.server.cli;

import io.tidaldb.api.TidalException;
import io.tidaldb.server.client.ServerException;
import io.tidaldb.server.cluster.ClusterException;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Turns whatever a command throws into one line on standard error and an exit code; a stack trace never reaches the user. */
public final class ErrorReport {

    // Picocli names the type of the field.
    private static final Pattern NO_NUMBER = Pattern.compile("is not an? (?:int|long)$");

    private ErrorReport() {}

    /** Makes a command line report its errors this way. */
    public static CommandLine install(CommandLine commandLine) {
        return commandLine
                .setParameterExceptionHandler((failure, args) -> wrongUsage(failure))
                .setExecutionExceptionHandler((failure, command, parsed) -> report(failure, command.getErr()));
    }

    /** Prints a failure and returns its exit code. */
    public static int report(Throwable failure, PrintWriter err) {
        Throwable cause = unwrapped(failure);
        err.println("tidal: " + message(cause));
        err.flush();
        return exitCode(cause);
    }

    private static int wrongUsage(ParameterException failure) {
        CommandLine command = failure.getCommandLine();
        PrintWriter err = command.getErr();
        err.println("tidal: " + usageMessage(failure));
        if (failure instanceof UnmatchedArgumentException) {
            UnmatchedArgumentException.printSuggestions(failure, err);
        }
        err.println("Try '" + command.getCommandSpec().qualifiedName() + " --help'.");
        err.flush();
        return ExitCodes.USAGE;
    }

    private static String usageMessage(ParameterException failure) {
        if (failure instanceof UnmatchedArgumentException unmatched && !unmatched.isUnknownOption()) {
            String known = failure.getCommandLine().getSubcommands().keySet().stream()
                    .sorted()
                    .collect(Collectors.joining(", "));
            String word = "'" + oneLine(unmatched.getUnmatched().get(0)) + "'";
            return known.isEmpty()
                    ? "unexpected argument " + word
                    : "unknown command " + word + ": expected one of " + known;
        }
        return failure.getMessage() == null
                ? "wrong usage"
                : NO_NUMBER.matcher(oneLine(failure.getMessage())).replaceAll("is not a whole number");
    }

    private static Throwable unwrapped(Throwable failure) {
        Throwable cause = failure;
        while ((cause instanceof CompletionException
                        || cause instanceof ExecutionException
                        || cause instanceof java.io.UncheckedIOException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }

    private static int exitCode(Throwable failure) {
        if (failure instanceof CliException own) {
            return own.exitCode();
        }
        if (failure instanceof TidalException store) {
            return ExitCodes.of(store);
        }
        if (failure instanceof ClusterException cluster && cluster.isRefusal()) {
            return ExitCodes.REFUSED;
        }
        return ExitCodes.FAILED;
    }

    private static String message(Throwable failure) {
        String text = failure.getMessage() == null ? "" : oneLine(failure.getMessage());
        if (failure instanceof TidalException store) {
            return text + " (" + store.code() + ")";
        }
        if (failure instanceof CliException
                || failure instanceof ServerException
                || failure instanceof ClusterException) {
            return text;
        }
        if (failure instanceof NoSuchFileException) {
            return text + " does not exist";
        }
        if (failure instanceof AccessDeniedException) {
            return text + " can't be opened: permission denied";
        }
        if (failure instanceof FileAlreadyExistsException) {
            return text + " exists already and is not a directory";
        }
        if (failure instanceof FileSystemException || failure instanceof java.io.IOException) {
            return text.isEmpty() ? "I/O failed: " + failure.getClass().getSimpleName() : text;
        }
        return "internal error: " + failure.getClass().getSimpleName() + (text.isEmpty() ? "" : ": " + text);
    }

    private static String oneLine(String text) {
        return text.strip().replaceAll("\\s*\\R\\s*", "; ");
    }
}
