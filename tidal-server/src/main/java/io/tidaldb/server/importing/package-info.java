/** Event files: reading them, recording what they hold, and checking afterwards what was acknowledged. */
@NullMarked
package io.tidaldb.server.importing;

import org.jspecify.annotations.NullMarked;
