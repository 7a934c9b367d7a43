/**
 * How logs get from the node that wrote them to those that follow it: the messages between nodes, what each side holds, and who has
 * acknowledged what. Threads, transports and stores come from outside.
 */
@NullMarked
package io.tidaldb.core.replication;

import org.jspecify.annotations.NullMarked;
