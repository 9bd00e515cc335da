from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("integrations", "0005_parts_of_waiting_files")]

    operations = [migrations.RemoveField(model_name="import", name="content")]
