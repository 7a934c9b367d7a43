package io.tidaldb.server.cli;

import io.tidaldb.core.upgrade.Release;
import io.tidaldb.core.upgrade.Version;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "check",
        description = "Looks at the format of every file, and says whether another version could open the directory.",
        footer = {
            "",
            "Exit code 3, and the first file that forbids it, if it could not. Nothing is changed or locked; stop the node first, so",
            "that nothing is added meanwhile."
        })
@SuppressWarnings("NullAway.Init")
final class UpgradeCheckCommand extends CliCommand {

    @Option(
            names = "--downgrade-to",
            required = true,
            paramLabel = "V",
            description = "The version that is to open it, such as 0.1.")
    private String version;

    @Option(
            names = "--data-dir",
            required = true,
            paramLabel = "DIR",
            description = "A node's directory, or one that holds several.")
    private Path directory;

    @Mixin
    private final PluginOptions plugins = new PluginOptions();

    @Override
    public Integer call() throws IOException {
        Version wanted = Version.parse(version);
        Release release = Release.current();
        if (release.version().isBefore(wanted)) {
            throw CliException.usage("--downgrade-to " + version + " is newer than this version, " + release.version()
                    + ": expected that or an older one");
        }
        FormatCensus census = new FormatCensus(release, wanted);
        WalDirectories.under(directory, plugins).inspect(census);
        census.others(directory);
        output().result(census.toJson());
        return census.possible() ? ExitCodes.DONE : ExitCodes.REFUSED;
    }
}
