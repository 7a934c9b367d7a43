package io.tidaldb.api.control;

import io.tidaldb.api.PluginFactory;

/** Makes control logs. */
public interface ControlLogFactory extends PluginFactory {

    /**
     * Opens the log, recovering what a crash left.
     *
     * @throws io.tidaldb.api.TidalException CORRUPT_LOG if it is damaged, UNSUPPORTED if it can't serve these members
     */
    ControlLog create(ControlLogContext context);
}
