package io.tidaldb.api.key;

import io.tidaldb.api.PluginFactory;

/** Makes the key vault of a process. */
public interface KeyVaultFactory extends PluginFactory {

    /**
     * Returns a vault.
     *
     * @throws io.tidaldb.api.TidalException INVALID_CONFIGURATION if the directory is not fit for it
     */
    KeyVault create(KeyVaultContext context);
}
