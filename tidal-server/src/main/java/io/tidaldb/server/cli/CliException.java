package io.tidaldb.server.cli;

/** Ends a command with a message for the user and an exit code. */
public final class CliException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final int exitCode;

    private CliException(int exitCode, String message) {
        super(message);
        this.exitCode = exitCode;
    }

    /** What was asked for did not work. */
    public static CliException failed(String message) {
        return new CliException(ExitCodes.FAILED, message);
    }

    /** The arguments don't make sense. */
    public static CliException usage(String message) {
        return new CliException(ExitCodes.USAGE, message);
    }

    /** A safety check says no. */
    public static CliException refused(String message) {
        return new CliException(ExitCodes.REFUSED, message);
    }

    /** Returns the exit code. */
    public int exitCode() {
        return exitCode;
    }
}
