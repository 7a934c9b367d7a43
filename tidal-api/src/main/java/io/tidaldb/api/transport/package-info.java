/** How nodes talk: a draft of the transport plugin interface, until replication uses it. */
@NullMarked
package io.tidaldb.api.transport;

import org.jspecify.annotations.NullMarked;
