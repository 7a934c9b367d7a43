package io.tidaldb.server.cli;

import picocli.CommandLine.IVersionProvider;

/** The version as the jar's manifest states it. */
public final class VersionText implements IVersionProvider {

    /** Returns the version, or "dev" outside a jar. */
    public static String version() {
        String version = VersionText.class.getPackage().getImplementationVersion();
        return version == null ? "dev" : version;
    }

    @Override
    public String[] getVersion() {
        return new String[] {"tidal " + version()};
    }
}
