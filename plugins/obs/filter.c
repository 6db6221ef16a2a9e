#include "filter.h"

#include <string.h>

#define LOOK_EVERY 0.5f /* seconds */

static void log_line(void *context, enum vs_level level, const char *line) {
    blog(level == VS_WARNING ? LOG_WARNING : LOG_INFO, "[vidstyle] '%s': %s", obs_source_get_name(context), line);
}

bool filter_begin(struct filter *filter, obs_data_t *settings, obs_source_t *context) {
    filter->context = context;
    filter->client = vs_create("OBS", log_line, context);
    if (!filter->client)
        return false;
    filter_update(filter, settings);
    return true;
}

void filter_end(struct filter *filter) {
    vs_destroy(filter->client);
}

static void set(struct filter *filter, const char *key, const char *value) {
    if (!vs_set(filter->client, key, value))
        blog(LOG_WARNING, "[vidstyle] '%s': %s cannot be '%s'", obs_source_get_name(filter->context), key, value);
}

void filter_update(void *data, obs_data_t *settings) {
    struct filter *filter = data;
    const char *style = obs_data_get_string(settings, "style");
    if (!strcmp(style, OWN_PICTURE))
        style = obs_data_get_string(settings, "picture");
    filter->styled = *style != 0;
    set(filter, "style", style);
    vs_set_number(filter->client, "strength", obs_data_get_double(settings, "strength"));
    set(filter, "temporal", obs_data_get_string(settings, "temporal"));
    set(filter, "keep-color", obs_data_get_bool(settings, "keep_color") ? "1" : "0");
    set(filter, "socket", obs_data_get_string(settings, "socket"));
    const char *command = obs_data_get_string(settings, "command");
    set(filter, "start", !obs_data_get_bool(settings, "start") ? "0" : *command ? command : "1");
}

void filter_tick(struct filter *filter, float seconds) {
    char status[sizeof filter->status];
    filter->looked += seconds;
    if (filter->looked < LOOK_EVERY)
        return;
    filter->looked = 0;
    vs_status(filter->client, status, sizeof status);
    if (strcmp(status, filter->status) != 0) {
        memcpy(filter->status, status, sizeof status);
        obs_source_update_properties(filter->context);
    }
}
