/**
 * What users hide and their sessions, as callers see them, wherever the records are. The tables of a slot are in {@code core.ingest}.
 */
@NullMarked
package io.tidaldb.core.user;

import org.jspecify.annotations.NullMarked;
