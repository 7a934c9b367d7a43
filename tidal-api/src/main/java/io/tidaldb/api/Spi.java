package io.tidaldb.api;

/** The version of the plugin interfaces. A plugin states the version that it was compiled against and is refused if it differs. */
public final class Spi {

    /** The version of the interfaces in this jar. A plugin returns the constant, which the compiler copies into it. */
    public static final int VERSION = 1;

    private Spi() {}
}
