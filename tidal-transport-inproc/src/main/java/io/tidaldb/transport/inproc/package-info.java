/** The transport "inproc": between the nodes of one process, over {@link io.tidaldb.transport.inproc.InprocNetwork}, which can be disturbed. */
@NullMarked
package io.tidaldb.transport.inproc;

import org.jspecify.annotations.NullMarked;
