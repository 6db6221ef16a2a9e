/* The properties window. Its callbacks run on the user interface's thread. */
#include "filter.h"

#include <string.h>

#define TEXT(key) obs_module_text(key)

/* As in `vidstyle styles`. */
static const char *const built_in[] = {"brushwork", "dots", "glass", "ink", "linocut", "mosaic", "neon", "pastel", "waves"};
static const char *const look[] = {"style", "picture", "strength", "temporal", "keep_color"};

void filter_defaults(obs_data_t *settings) {
    obs_data_set_default_string(settings, "style", "waves");
    obs_data_set_default_string(settings, "picture", "");
    obs_data_set_default_double(settings, "strength", 1);
    obs_data_set_default_string(settings, "temporal", "fast");
    obs_data_set_default_bool(settings, "keep_color", false);
    obs_data_set_default_string(settings, "socket", "");
    obs_data_set_default_bool(settings, "start", false);
    obs_data_set_default_string(settings, "command", "");
}

static bool style_changed(obs_properties_t *properties, obs_property_t *style, obs_data_t *settings) {
    UNUSED_PARAMETER(style);
    bool own = !strcmp(obs_data_get_string(settings, "style"), OWN_PICTURE);
    obs_property_set_visible(obs_properties_get(properties, "picture"), own);
    return true;
}

static bool start_changed(obs_properties_t *properties, obs_property_t *start, obs_data_t *settings) {
    UNUSED_PARAMETER(start);
    obs_property_set_visible(obs_properties_get(properties, "command"), obs_data_get_bool(settings, "start"));
    return true;
}

static bool reset_clicked(obs_properties_t *properties, obs_property_t *button, void *data) {
    UNUSED_PARAMETER(button);
    struct filter *filter = data;
    obs_data_t *settings = obs_source_get_settings(filter->context);
    for (size_t k = 0; k < OBS_COUNTOF(look); k++)
        obs_data_unset_user_value(settings, look[k]);
    obs_source_update(filter->context, NULL);
    obs_properties_apply_settings(properties, settings);
    obs_data_release(settings);
    return true;
}

static void add_style(obs_properties_t *properties, struct filter *filter) {
    obs_property_t *style =
        obs_properties_add_list(properties, "style", TEXT("Style"), OBS_COMBO_TYPE_LIST, OBS_COMBO_FORMAT_STRING);
    obs_property_list_add_string(style, TEXT("Style.None"), "");
    for (size_t k = 0; k < OBS_COUNTOF(built_in); k++)
        obs_property_list_add_string(style, built_in[k], built_in[k]);
    obs_property_list_add_string(style, TEXT("Style.Own"), OWN_PICTURE);
    obs_property_set_modified_callback(style, style_changed);

    char *pictures = NULL;
    if (filter) { /* open the window where the last picture was */
        obs_data_t *settings = obs_source_get_settings(filter->context);
        pictures = bstrdup(obs_data_get_string(settings, "picture"));
        obs_data_release(settings);
    }
    obs_properties_add_path(properties, "picture", TEXT("Picture"), OBS_PATH_FILE, TEXT("Picture.Filter"), pictures);
    bfree(pictures);
}

static void add_engine(obs_properties_t *properties, struct filter *filter) {
    char status[256] = "";
    if (filter)
        vs_status(filter->client, status, sizeof status);
    obs_property_t *line = obs_properties_add_text(properties, "status", TEXT("Engine"), OBS_TEXT_INFO);
    obs_property_set_long_description(line, status);

    obs_property_t *start = obs_properties_add_bool(properties, "start", TEXT("Start"));
    obs_property_set_modified_callback(start, start_changed);

    obs_properties_t *advanced = obs_properties_create();
    obs_property_t *command =
        obs_properties_add_path(advanced, "command", TEXT("Command"), OBS_PATH_FILE, NULL, NULL);
    obs_property_set_long_description(command, TEXT("Command.Help"));
    obs_property_t *socket = obs_properties_add_text(advanced, "socket", TEXT("Socket"), OBS_TEXT_DEFAULT);
    obs_property_set_long_description(socket, TEXT("Socket.Help"));
    obs_properties_add_group(properties, "advanced", TEXT("Advanced"), OBS_GROUP_NORMAL, advanced);
}

obs_properties_t *filter_properties(void *data) {
    struct filter *filter = data; /* NULL where OBS asks for the properties of the kind */
    obs_properties_t *properties = obs_properties_create();
    add_style(properties, filter);
    obs_properties_add_float_slider(properties, "strength", TEXT("Strength"), 0, 1, 0.01);
    obs_property_t *temporal =
        obs_properties_add_list(properties, "temporal", TEXT("Temporal"), OBS_COMBO_TYPE_LIST, OBS_COMBO_FORMAT_STRING);
    obs_property_list_add_string(temporal, TEXT("Temporal.Fast"), "fast");
    obs_property_list_add_string(temporal, TEXT("Temporal.Off"), "off");
    obs_properties_add_bool(properties, "keep_color", TEXT("KeepColor"));
    if (filter)
        obs_properties_add_button2(properties, "reset", TEXT("Reset"), reset_clicked, filter);
    add_engine(properties, filter);
    return properties;
}
