package io.tidaldb.server.cli.wal;

import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
        name = "verify",
        description = "Checks every byte: checksums, gaps, chains. Exit code 1 for damage; a torn tail is none.")
final class WalVerifyCommand extends CliCommand {

    @Mixin
    private final WalOptions source = new WalOptions();

    @Override
    public Integer call() throws IOException {
        WalCheck check = new WalCheck();
        source.directories().inspect(check);
        output().result(check.toJson());
        return check.ok() ? ExitCodes.DONE : ExitCodes.FAILED;
    }
}
