/** The whole story on real events, in one process. */
@NullMarked
package io.tidaldb.server.quickstart;

import org.jspecify.annotations.NullMarked;
