package io.tidaldb.core.runtime;

import io.tidaldb.core.directory.NodeHome;
import org.jspecify.annotations.Nullable;

/**
 * What one node runs on.
 *
 * @param home where its lasting things are, or null for a directory of its own in the instance's data directory
 */
public record Machine(
        Clock clock,
        RandomSource random,
        LoopFactory loops,
        @Nullable NodeHome home) {}
