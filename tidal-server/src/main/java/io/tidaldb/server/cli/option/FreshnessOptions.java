package io.tidaldb.server.cli.option;

import io.tidaldb.api.RegionId;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What a read must have seen, and whose replica answers. */
public final class FreshnessOptions {

    @Option(
            names = "--min-position",
            paramLabel = "POSITION",
            description = "What the read must have seen, as writes returned it: r0:s0:42,r1:s0:2.")
    @Nullable
    private String minPosition;

    @Option(
            names = "--wait",
            converter = DurationText.class,
            paramLabel = "DURATION",
            description = "How long a replica is waited for that has not seen it, up to 30s (default: not at all).")
    @Nullable
    private Duration patience;

    @Option(
            names = "--region",
            paramLabel = "R",
            description = "Whose replica answers (default: the one that takes writes).")
    @Nullable
    private String region;

    /** Returns what was asked for. */
    public ReadOptions options() {
        ReadOptions options = ReadOptions.DEFAULT;
        options = minPosition == null ? options : options.atLeast(Position.parse(minPosition));
        options = patience == null ? options : options.waiting(patience);
        return region == null ? options : options.in(RegionId.parse(region));
    }
}
