/**
 * Which nodes a cluster has: how it is made, how a node enters it, and whose votes count. What its members lead is in {@code core.leading}.
 */
@NullMarked
package io.tidaldb.core.membership;

import org.jspecify.annotations.NullMarked;
