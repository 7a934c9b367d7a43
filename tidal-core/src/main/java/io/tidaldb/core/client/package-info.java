/** Talks to a cluster from a process that is no part of it. */
@NullMarked
package io.tidaldb.core.client;

import org.jspecify.annotations.NullMarked;
