package io.tidaldb.api.key;

import java.nio.file.Path;
import java.util.function.LongSupplier;

/**
 * What a vault is given.
 *
 * @param directory where master keys are, or whatever the vault needs to reach them
 * @param random gives 64 unpredictable bits each time
 */
public record KeyVaultContext(Path directory, LongSupplier random) {}
