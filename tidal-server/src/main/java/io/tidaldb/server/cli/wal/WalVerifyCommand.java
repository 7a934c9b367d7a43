package io.tidaldb.server.cli.wal;

import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.option.PluginOptions;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
        name = "verify",
        description = "Checks every byte: checksums, gaps, chains. Exit code 1 for damage; a torn tail is none.")
@SuppressWarnings("NullAway.Init")
final class WalVerifyCommand extends CliCommand {

    @Parameters(paramLabel = "DIR", description = "A node's directory, or one that holds several.")
    private Path directory;

    @Mixin
    private final PluginOptions plugins = new PluginOptions();

    @Override
    public Integer call() throws IOException {
        WalCheck check = new WalCheck();
        WalDirectories.under(directory, plugins).inspect(check);
        output().result(check.toJson());
        return check.ok() ? ExitCodes.DONE : ExitCodes.FAILED;
    }
}
