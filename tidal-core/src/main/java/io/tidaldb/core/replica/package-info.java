/** Adds and drops replicas of slots when a tenant asks for others. How records get to them is in {@code core.replication}. */
@NullMarked
package io.tidaldb.core.replica;

import org.jspecify.annotations.NullMarked;
