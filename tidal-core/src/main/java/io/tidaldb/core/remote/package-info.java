/** What nodes ask each other on behalf of clients, and the bytes of it. */
@NullMarked
package io.tidaldb.core.remote;

import org.jspecify.annotations.NullMarked;
