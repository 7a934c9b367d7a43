package io.tidaldb.core;

import java.io.IOException;
import java.io.InputStream;

/** The parts of a backup, one after the other. It is read twice: all of it is checked before anything of it is used. */
public interface BackupSource {

    /** Returns its name, for messages. */
    String name();

    /** Opens it from its beginning; whoever asked closes it. */
    InputStream open() throws IOException;
}
