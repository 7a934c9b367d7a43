/** A node's end of the network, shared by everything that its parts have to tell other nodes. */
@NullMarked
package io.tidaldb.core.network;

import org.jspecify.annotations.NullMarked;
