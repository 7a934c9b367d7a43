/** The routes, a class for each group of them, and what only they need. */
@NullMarked
package io.tidaldb.server.http.route;

import org.jspecify.annotations.NullMarked;
