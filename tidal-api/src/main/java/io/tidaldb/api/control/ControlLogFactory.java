package io.tidaldb.api.control;

import io.tidaldb.api.PluginFactory;

/** Makes control logs. */
public interface ControlLogFactory extends PluginFactory {

    /**
     * Opens the log, recovering what a crash left.
     *
     * @throws io.tidaldb.api.TidalException CORRUPT_LOG if it is damaged, UNSUPPORTED if it can't serve these members,
     *     DIRECTORY_MISMATCH if the directory belongs to another node, cluster or list of members, or has less than {@link
     *     ControlLogContext#reached}, which must be found before the log takes part in anything; DIRECTORY_LOCKED,
     *     FORMAT_TOO_NEW, or STORE_FAILED if its files can't be read or written
     */
    ControlLog create(ControlLogContext context);
}
